"""``lifeos db show``"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from .common import DataDir, Format, Timeout, data_dir_of, guarded, show_json
from .identity import PersonArgument

if TYPE_CHECKING:
    from rich.console import RenderableType

    from lifeos_db.person_profile import PersonProfile
    from lifeos_db.ties import Tie

BAR_WIDTH = 20


@guarded
def show_person(
    ctx: typer.Context,
    person: PersonArgument,
    data_dir: DataDir = None,
    limit: Annotated[
        int, typer.Option("--limit", min=1, help="How many ties and latest interactions to list.", metavar="N")
    ] = 10,
    titles: Annotated[
        bool, typer.Option("--titles", help="The titles of the latest interactions too; of messages that is the text.")
    ] = False,
    format: Format = "text",
    timeout: Timeout = 30,
) -> None:
    """Show a person: who they are, their counts by source and month, their strongest ties and latest interactions.

    Hidden people are not listed among the ties. If a count is wrong, it says why that may be.

    Example: lifeos db show "Ada Lovelace" --limit 5
    """
    import lifeos_db

    one = lifeos_db.profile(data_dir_of(ctx, data_dir), person, limit=limit, titles=titles, timeout=timeout)
    if format == "json":
        show_json(one.to_dict())
        return
    from .screen import cell, draw, screen

    draw(screen(), cell(f"{one.name or one.person_id} ({one.person_id})", "bold"), *_parts(one, titles))


def _parts(one: PersonProfile, titles: bool) -> list[RenderableType]:
    parts = [_facts(one)]
    if one.sources:
        parts += ["", _sources(one), _months(one)]
    parts += ["", _ties(one)]
    if one.merged:
        parts += ["", *_merged(one)]
    if one.latest:
        parts += ["", *_latest(one, titles)]
    return parts


def _facts(one: PersonProfile) -> RenderableType:
    """Who it is and how often they were met: what there is of it, one line each."""
    from lifeos_db.moments import ago

    from .screen import cell, grid

    who = one.identity
    phones = [who["phone_primary"], *who["phone_numbers"]]
    facts = {
        "also": [name for name in (who["canonical_name"], *who["aliases"]) if name != one.name],
        "emails": who["emails"],
        "phones": [number for number in dict.fromkeys(phones) if number],
        "work": [text for text in (who["position"], who["company"]) if text],
        "category": [text for text in (who["category"],) if text],
        "tags": who["tags"],
        "birthday": [who["birthday"]],
        "LinkedIn": [who["linkedin_url"]],
        "hidden": [f"since {who['hidden_at'] or '?'}", who["hidden_reason"]] if who["hidden"] else [],
        "close": ["the owner"] if one.is_owner else [] if one.closeness is None else [f"{one.closeness} of 100"],
    }
    met = [f"{one.interactions:,} interaction{'s' * (one.interactions != 1)}"]
    if one.first and one.last:
        met.append(f"{one.first[:10]} to {one.last[:10]}, {ago(one.last, one.now)}")
    met += [f"{one.undated:,} undated"] * bool(one.undated)
    if one.next:
        met.append(f"{one.future:,} to come, the next {ago(one.next, one.now)}")
    counted = ", ".join(f"{counter} {number}" for counter, number in one.counts.items())
    table = grid("left", "rest")
    for label, values in facts.items():
        if text := ", ".join(str(value) for value in values if value):
            table.add_row(cell(f"  {label}"), cell(text))
    table.add_row(cell("  counts"), cell(counted, "red" if one.drift else ""))
    if one.drift:
        wrong = ", ".join(f"{item.counter} is {item.cached}, actual {item.actual}" for item in one.drift)
        table.add_row(cell("  wrong", "red"), cell(wrong, "red"))
        for number, reason in enumerate(one.reasons):
            table.add_row(cell("" if number else "  maybe"), cell(reason))
        table.add_row(cell(""), cell("-> lifeos db verify --fix"))
    table.add_row(cell("  met"), cell("; ".join(met)))
    return table


def _sources(one: PersonProfile) -> RenderableType:
    from lifeos_db.moments import ago

    from .screen import bar, cell, grid

    table = grid("left", "right", "left", "left")
    largest = one.sources[0].interactions
    for source in one.sources:
        table.add_row(
            cell(f"  {source.source_type}"),
            cell(f"{source.interactions:,}"),
            cell(bar(source.interactions, largest, BAR_WIDTH), "cyan"),
            cell(f"last {ago(source.last, one.now)}" if source.last else ""),
        )
    return table


def _months(one: PersonProfile) -> RenderableType:
    from rich.text import Text

    from .screen import cell, sparkline

    numbers = [month.interactions for month in one.months]
    most = f"at most {max(numbers):,} a month" if any(numbers) else "nothing"
    return Text.assemble(
        cell("  months  "),
        cell(f"|{sparkline(numbers)}|", "green"),
        cell(f"  {one.months[0].month} to {one.months[-1].month}, {most}"),
    )


def _ties(one: PersonProfile) -> RenderableType:
    from .screen import cell, grid

    if not one.ties:
        return cell("  no ties")
    table = grid("right", "left", "rest")
    for tie in one.ties:
        table.add_row(cell(f"  {tie.edge_weight:>3}"), cell(tie.name or tie.person_id, cut=True), cell(_shared(tie)))
    if one.unlisted:
        table.add_row(cell(""), cell(f"and {one.unlisted:,} more"))
    return table


def _shared(tie: Tie) -> str:
    """What a tie stands on, and since when."""
    counts = [_counted(name, number) for name, number in tie.counts.items() if number]
    text = f"{tie.relationship_type}: {', '.join(counts + ['LinkedIn'] * tie.is_linkedin_connection)}"
    if tie.first_seen_together and tie.last_seen_together:
        text += f"; {tie.first_seen_together[:10]} to {tie.last_seen_together[:10]}"
    return text


def _counted(name: str, number: int) -> str:
    """A count in words: 1 event, 2 phone calls."""
    words = name.replace("_", " ")
    return f"{number:,} {words[:-1] if number == 1 and words.endswith('s') else words}"


def _merged(one: PersonProfile) -> list[RenderableType]:
    from lifeos_db.moments import ago

    from .screen import cell

    lines: list[RenderableType] = []
    for person in one.merged:
        who = f"{person.name} ({person.person_id})" if person.name else person.person_id
        when = f", {ago(person.merged_at, one.now)}" if person.merged_at else ""
        lines.append(cell(f"  merged into this person: {who}{when}"))
    return lines


def _latest(one: PersonProfile, titles: bool) -> list[RenderableType]:
    from lifeos_db.moments import ago

    from .screen import cell, grid

    table = grid("left", "left", "left", "rest")
    for interaction in one.latest:
        when = interaction.at[:16].replace("T", " ")
        cells = [f"  {when}", ago(interaction.at, one.now), interaction.source_type, interaction.title or ""]
        table.add_row(*(cell(text) for text in cells[: 3 + titles]))
    return [cell("  latest, in UTC"), table]
