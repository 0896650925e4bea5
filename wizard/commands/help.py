"""Help and version: click would write them past `tell`; here they are results as any other.

@click.command(cls=Command, short_help="Show what would change.")
@click.group("answers", cls=Group, short_help="Start, check and describe answers files.")
"""

from __future__ import annotations

import click


class Command(click.Command):
    """A command whose help that finds no room is told, and is no success."""

    def get_help_option(self, ctx: click.Context) -> click.Option | None:
        return _told(super().get_help_option(ctx))


class Group(click.Group):
    """The same for a group, and for the commands that are declared by it."""

    command_class = Command

    def get_help_option(self, ctx: click.Context) -> click.Option | None:
        return _told(super().get_help_option(ctx))


def _told(option: click.Option | None) -> click.Option | None:
    if option is not None:
        option.callback = _tell_help
    return option


def _tell_help(ctx: click.Context, param: click.Parameter, value: bool) -> None:
    if value and not ctx.resilient_parsing:
        tell_and_exit(ctx, ctx.get_help())


def tell_and_exit(ctx: click.Context, text: str) -> None:
    """Give this text as the result of an option such as `--help` and end the command.

    Raises:
        WizardError: it could not be written.
    """
    from wizard.commands.output import tell  # here, so that the command line starts without it

    tell(text)
    ctx.exit()
