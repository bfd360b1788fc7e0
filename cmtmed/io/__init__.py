"""Reading crawls of any form, and describing builds."""
