"""Run a pipeline over a crawl and write the result as a build."""
