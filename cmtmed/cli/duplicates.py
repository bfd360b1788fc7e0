"""``cmtmed duplicates``: show clusters of duplicate dialogues."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from cmtmed.builds.clusters import Member, compare_texts, find_cluster, list_clusters
from cmtmed.cli.console import VERIFY_HELP, assemble_text, output, print_json


def command(
    out: Annotated[Path, typer.Argument(metavar="DIR", help="Directory of a build.")],
    id: Annotated[str | None, typer.Argument(metavar="[ID]", help="Id of any dialogue in the cluster to show.")] = None,
    limit: Annotated[
        int, typer.Option("--limit", min=1, metavar="N", help="Maximum number of clusters or members to show.")
    ] = 20,
    verify: Annotated[bool, typer.Option("--verify", help=VERIFY_HELP)] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the clusters or members as JSON.")] = False,
) -> None:
    """List clusters of duplicates, or compare the members of one. With ID, the text of dialogues is printed."""
    if id is None:
        _print_clusters(out, limit, as_json=as_json, verify=verify)
        return
    members = find_cluster(out, id, verify=verify)
    if as_json:
        print_json([_to_dict(member) for member in members[:limit]])
        return
    _print_members(members[:limit])
    if len(members) > limit:
        output.print(f"\n… and {len(members) - limit} more; --limit shows them")


def _print_clusters(out: Path, limit: int, *, as_json: bool, verify: bool) -> None:
    clusters = list_clusters(out, verify=verify)
    if as_json:
        print_json(clusters.head(limit).to_dicts())
        return
    table = Table(box=None, pad_edge=False)
    for name in clusters.columns:
        table.add_column(name, justify="left" if name == "cluster" else "right")
    for row in clusters.head(limit).iter_rows():
        table.add_row(*map(str, row))
    output.print(table)
    dropped = int(clusters["size"].sum()) - clusters.height
    output.print(f"\n{clusters.height} clusters, {dropped} dialogues dropped as duplicates of the kept ones")


def _print_members(members: list[Member]) -> None:
    kept = members[0]
    output.print(assemble_text((kept.dialogue["id"], "bold"), f"  kept  {_format_sizes(kept)}"))
    for member in members[1:]:
        row = member.dialogue
        reason = row["drop_reason"] or "kept too"
        output.print(assemble_text("\n", (row["id"], "bold"), f"  {reason}  {_format_sizes(member)}"))
        output.print(f"Jaccard {member.jaccard:.3f}, {member.containment:.3f} of it in the kept one; {member.why}")
        table = Table(box=None, padding=(0, 2, 0, 0), expand=True)
        table.add_column(kept.dialogue["id"], ratio=1, overflow="fold")
        table.add_column(row["id"], ratio=1, overflow="fold")
        kept_passages: list[str | tuple[str, str]] = []
        member_passages: list[str | tuple[str, str]] = []
        for tag, kept_passage, member_passage in compare_texts(kept.text, member.text):
            kept_passages.append(kept_passage if tag == "same" else _highlight(kept_passage))
            member_passages.append(member_passage if tag == "same" else _highlight(member_passage))
        table.add_row(assemble_text(*kept_passages), assemble_text(*member_passages))
        output.print(table, soft_wrap=False)


def _highlight(text: str) -> tuple[str, str]:
    """Mark a difference: reversed on a terminal, in brackets elsewhere."""
    return text if output.is_terminal or not text else f"⟦{text}⟧", "reverse"


def _format_sizes(member: Member) -> str:
    sizes = member.sizes
    return f"({sizes['turns']} turns, {sizes['asks']} questions from the doctor, {sizes['chars']} characters)"


def _to_dict(member: Member) -> dict[str, object]:
    return {
        "id": member.dialogue["id"],
        "drop_reason": member.dialogue["drop_reason"],
        "jaccard": member.jaccard,
        "containment": member.containment,
        **member.sizes,
        "why": member.why,
        "text": member.text,
    }
