"""The command line: one module a command, loaded when it is called. Only here are outputs opened and exits made."""

from __future__ import annotations

import importlib

import click

from stopper import __version__

COMMANDS = {
    "controls": "List the catalogue of controls.",
    "diff": "Compare two reports: what is new, gone, unchanged.",
    "explain": "Show a control's page.",
    "fix": "Repair what a scan finds, or say what to write.",
    "init": "Set Stopper up in a Flask project.",
    "matrix": "Show who may come in at each endpoint, as each witness says.",
    "mcp": "Serve scans and repair plans to coding agents (MCP).",
    "proxy": "Record what passes between clients and an API (mitmproxy), for a scan.",
    "score": "Explain the score of a report.",
    "scan": "Ask up to four witnesses whether an API keeps its tokens.",
    "sweep": "Find tokens at rest: logs, dumps, databases, git histories.",
    "test": "Write a regression test for each finding.",
}


class _Commands(click.Group):
    """Commands found by module name, imported only when used: `stopper --version` must not pay for a scan."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(f"stopper.cli.{cmd_name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(sorted(COMMANDS.items()))


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="stopper")
def main() -> None:
    """Stopper keeps bearer tokens in the Flask: it proves from outside what the guard makes right inside."""
