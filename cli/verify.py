"""``lifeos db verify``, and its report as text, JSON, GitHub annotations and JUnit."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from .common import CANNOT, DataDir, Timeout, data_dir_of, guarded, harmless, report_failure, say, show, show_json
from .completion import complete_checks, complete_person

if TYPE_CHECKING:
    from lifeos_db.verification import Check, VerifyReport

ANNOTATIONS = 10
"""GitHub shows at most ten annotations a step."""


@guarded
def verify(
    ctx: typer.Context,
    data_dir: DataDir = None,
    fix: Annotated[bool, typer.Option("--fix", help="Repair counts and schema objects, export, and check.")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 1 for warnings too.")] = False,
    deep: Annotated[
        bool, typer.Option("--deep", help="Check every index entry, and the JSON files byte by byte.")
    ] = False,
    only: Annotated[
        str | None,
        typer.Option(
            "--only", metavar="NAMES", help="Checks to run, separated by commas.", autocompletion=complete_checks
        ),
    ] = None,
    person: Annotated[
        str | None,
        typer.Option("--person", metavar="ID", help="Look at one person only.", autocompletion=complete_person),
    ] = None,
    format: Annotated[
        Literal["text", "json", "github", "junit"], typer.Option("--format", help="How to show the result.")
    ] = "text",
    timeout: Timeout = 30,
) -> None:
    """Check that the counts are right, that nothing is missing, and that the exports are up to date.

    Read-only without --fix. Exit code 0: consistent; 1: differences; 3: the schema is not what it must be.

    Example: lifeos db verify --format github --strict
    """
    import lifeos_db
    from lifeos_db.verification import chosen_checks

    names = [name.strip() for name in only.split(",") if name.strip()] if only is not None else None
    try:
        chosen_checks(names)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--only") from None
    try:
        report = lifeos_db.verify(
            data_dir_of(ctx, data_dir), fix=fix, deep=deep, only=names, person=person, timeout=timeout
        )
    except lifeos_db.LifeosError as error:
        _show_failure(error, format)
        raise typer.Exit(CANNOT) from None
    for line in report.repaired or []:
        say(line)
    {"text": _show_text, "json": _show_json, "github": _show_github, "junit": _show_junit}[format](report)
    raise typer.Exit(report.exit_code(strict))


def _show_failure(error: Exception, format: str) -> None:
    """The machine formats say it too: a pipeline reads stdout, a person stderr."""
    report_failure(error)
    if format == "json":
        import sqlite3

        text = {"error": str(error), "hint": getattr(error, "hint", "")}
        show_json({"status": "error", "checks": [], "sqlite_version": sqlite3.sqlite_version, "seconds": 0.0} | text)
    elif format == "github":
        print(f"::error title=lifeos db verify::{_message(str(error))}")
    elif format == "junit":
        _show_suite([("verify", "error", str(error), "")], 0.0)


def _show_json(report: VerifyReport) -> None:
    show_json(report.to_dict())


def _show_text(report: VerifyReport) -> None:
    for check in report.checks:
        looked = f"{check.checked:,} checked"
        show(f"{check.status:<7}{check.name:<15}{looked if not check.found else f'{looked}, {check.found:,} found'}")
        for finding in check.findings:
            show(f"         {_sentence(check, finding)}")
        if unlisted := _unlisted(check):
            show(f"         and {unlisted:,} more")
        if check.fix and check.found:
            show(f"         -> {check.fix}")
    show(f"{report.status} in {report.seconds:.2f} s")


def _unlisted(check: Check) -> int:
    """How many of the things found are in no finding; a finding about orphans stands for all rows of a person."""
    listed = sum(finding.get("interactions", 1) if check.name == "orphans" else 1 for finding in check.findings)
    return check.found - listed


def _sentence(check: Check, finding: dict[str, Any]) -> str:
    """One finding, for people."""
    if check.name == "counts" and "counter" in finding:
        person = f"{finding['name']} ({finding['person_id']})" if finding["name"] else finding["person_id"]
        return f"{person}: {finding['counter']} is {finding['cached']}, actual {finding['actual']}"
    if check.name == "relationships" and "counter" in finding:
        pair = f"{finding['person_a_id']} and {finding['person_b_id']}"
        return f"{pair}: {finding['counter']} is {finding['cached']}, actual {finding['actual']}"
    if check.name == "schema" and "detail" in finding:
        return str(finding["detail"])
    values = list(finding.values())
    if check.name == "orphans" and "interactions" in finding:
        return f"{values[0]}: {values[1]:,} interaction(s), no such person"
    if check.name == "source_types" and "interactions" in finding:
        return f"{values[0]}: {values[1]:,} interaction(s), no such source type"
    return ": ".join(str(value) for value in values)


def _lines(report: VerifyReport) -> list[tuple[str, str, str]]:
    """Every finding as GitHub level, check name and sentence, the worst first."""
    lines = [
        ("warning" if check.status == "warn" else "error", check.name, harmless(_sentence(check, finding)))
        for check in report.checks
        for finding in check.findings
    ]
    return sorted(lines, key=lambda line: line[0] == "warning")


def _message(text: str) -> str:
    """Escaped as GitHub's workflow commands want it."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _show_github(report: VerifyReport) -> None:
    """At most ten annotations on stdout; everything in the step's summary, where there is one."""
    lines = _lines(report)
    more = len(lines) > ANNOTATIONS or any(_unlisted(check) for check in report.checks)
    shown = lines[: ANNOTATIONS - 1] if more else lines
    for level, name, text in shown:
        print(f"::{level} title=lifeos db verify%3A {name}::{_message(text)}")
    unlisted = {check.name: _unlisted(check) for check in report.checks}
    summary = os.environ.get("GITHUB_STEP_SUMMARY")
    if hidden := len(lines) - len(shown) + sum(unlisted.values()):
        level = "error" if any(level == "error" for level, _, _ in lines) else "warning"
        print(f"::{level} title=lifeos db verify::and {hidden} more" + "; see the summary of this step" * bool(summary))
    if summary:
        rows = [f"| {check.name} | {check.status} | {check.checked} | {check.found} |" for check in report.checks]
        page = [
            f"### lifeos db verify: {report.status}",
            "",
            "| check | status | checked | found |",
            "|---|---|---|---|",
        ]
        page += [*rows, ""]
        page += [f"- **{name}**: {_markdown(sentence)}" for _, name, sentence in lines]
        page += [f"- **{name}**: and {number} more" for name, number in unlisted.items() if number]
        page += [f"- {check.name}: `{check.fix}`" for check in report.checks if check.fix and check.found]
        try:
            with open(summary, "a", encoding="utf-8") as file:
                file.write("\n".join(page) + "\n")
        except OSError as error:
            say(f"warning: {summary}: {error.strerror}; the summary was not written")


def _markdown(text: str) -> str:
    return "".join("\\" + char if char in "\\`*_{}[]<>()#+!|~" else char for char in text)


def _show_junit(report: VerifyReport) -> None:
    cases: list[tuple[str, str, str, str]] = []
    for check in report.checks:
        text = "\n".join(harmless(_sentence(check, finding)) for finding in check.findings)
        if unlisted := _unlisted(check):
            text += f"\nand {unlisted} more"
        cases.append((check.name, check.status, f"{check.found} found", text))
    _show_suite(cases, report.seconds)


def _show_suite(cases: list[tuple[str, str, str, str]], seconds: float) -> None:
    """One testcase a check: name, status, one line, all lines. A warning passes, with its text as output."""
    from xml.etree import ElementTree

    failures = sum(status in ("drift", "schema") for _, status, _, _ in cases)
    errors = sum(status == "error" for _, status, _, _ in cases)
    suite = ElementTree.Element(
        "testsuite",
        name="lifeos db verify",
        tests=str(len(cases)),
        failures=str(failures),
        errors=str(errors),
        time=str(seconds),
    )
    for name, status, message, text in cases:
        case = ElementTree.SubElement(suite, "testcase", classname="lifeos.db.verify", name=name)
        if status in ("drift", "schema"):
            ElementTree.SubElement(case, "failure", message=message, type=status).text = text
        elif status == "error":
            ElementTree.SubElement(case, "error", message=message).text = text
        elif status == "warn":
            ElementTree.SubElement(case, "system-out").text = f"warning: {message}\n{text}"
    print(ElementTree.tostring(suite, encoding="unicode", xml_declaration=True))
