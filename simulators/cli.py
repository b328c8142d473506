"""`rayon simulate`: a scenario as tables, or live over MQTT and HTTP. What runs it is in `simulators.simulate`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from simulators.options import SimulateOptions
from simulators.scenario.limits import LONGEST_S, SEEDS
from simulators.scenario.wire_formats import WireFormat
from simulators.shops.cli import register_shops

HELP = """Brings a scenario to life: shoppers that walk, radio that fades, and the truth to score against.

Example, as tables, the same bytes for the same seed:

    rayon simulate quiet-tuesday -o recording/

With the bytes that its controllers would send, late, twice and broken as the scenario says, to try decoders on:

    rayon simulate bad-network -o recording/ --wire meraki --frames

Live, as access points and phones would (phones sign in, receive, share and redeem when --api is given):

    RAYON_TILL_KEY=… rayon simulate demo-supermarket --mqtt mqtt://127.0.0.1:1883 --api http://127.0.0.1:8000

Phones get coupons once they are proved to be their shoppers'. The simulated controllers sign their redirects, as real
ones may, with the site's RAYON_PORTAL_SECRET_<STORE>: set it here too.

Live with its truth: what happened (events.csv) and the points every shopper should have beside those the site says
(points.csv), by the rules of the file that configures the site; `rayon score --run live/` compares them:

    rayon simulate demo-supermarket --mqtt mqtt://127.0.0.1:1883 --api http://127.0.0.1:8000 -o live --config site.yaml

At another --speed than 1 times are not real ones: readings go to the topic of recordings, rayon/STORE/replay/SOURCE,
and a store in which somebody publishes live takes none.

A whole year of days, without radio, in about a minute:

    rayon simulate year -o year/

A week of the same people in the shop and on the web, with what both say and the truth of it:

    rayon simulate cross-canal-week -o week/

SCENARIO is the name of a shipped one (see --list) or a YAML file of your own that may extend one.
"""


offers_app = typer.Typer(
    name="offers", help="What to offer a shopper next.", no_args_is_help=True, rich_markup_mode="rich"
)


@offers_app.callback()
def _offers() -> None:
    """What to offer a shopper next."""


def register(app: typer.Typer) -> None:
    """Adds `rayon simulate`, `rayon shops` and `rayon offers`."""
    app.command("simulate", help=HELP)(simulate)
    register_shops(app)
    app.add_typer(offers_app)


def simulate(
    scenario: Annotated[
        str | None, typer.Argument(metavar="[SCENARIO]", help="Name of a shipped scenario, or a file.")
    ] = None,
    out: Annotated[Path | None, typer.Option("-o", "--out", help="Folder to write tables to.")] = None,
    mqtt: Annotated[
        str | None, typer.Option(help="Broker to publish to live, mqtt://host:port or mqtts://user:password@host:port.")
    ] = None,
    api: Annotated[
        str | None, typer.Option(help="With --mqtt: base URL that simulated phones and tills talk to.")
    ] = None,
    till_key_env: Annotated[str, typer.Option(help="Environment variable that holds the till key.")] = "RAYON_TILL_KEY",
    speed: Annotated[float, typer.Option(min=0.1, max=1000, help="Live: scenario seconds per second.")] = 1.0,
    seconds: Annotated[
        float | None, typer.Option(min=0.1, max=LONGEST_S, help="Stop after this many scenario seconds.")
    ] = None,
    wire: Annotated[
        WireFormat | None,
        typer.Option(help="Of --mqtt and --frames: whose format to speak, instead of the scenario's own."),
    ] = None,
    frames: Annotated[
        bool, typer.Option("--frames", help="With -o: also frames.jsonl, messages as bytes with the times they arrive.")
    ] = False,
    seed: Annotated[int | None, typer.Option(min=0, max=SEEDS - 1, help="Instead of the scenario's own.")] = None,
    campaigns: Annotated[
        Path | None, typer.Option(help="With -o: which coupons should fire. Default: the store's own campaigns.yaml.")
    ] = None,
    config: Annotated[
        Path | None, typer.Option(help="With --mqtt and -o: the site's config.yaml, whose rules for points hold.")
    ] = None,
    list_: Annotated[bool, typer.Option("--list", help="List the shipped scenarios.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Summary as one JSON object on stdout.")] = False,
) -> None:
    """See HELP."""
    # the simulator is imported when it is run: `rayon --help` asks every package for its commands
    from simulators import simulate as simulator

    if list_:
        simulator.list_shipped(as_json)
        return
    options = SimulateOptions(
        scenario=scenario,
        out=out,
        mqtt=mqtt,
        api=api,
        till_key_env=till_key_env,
        speed=speed,
        seconds=seconds,
        wire=wire,
        frames=frames,
        seed=seed,
        campaigns=campaigns,
        config=config,
    )
    simulator.print_summary(simulator.run(options), as_json)


@offers_app.command("backtest")
def backtest(
    floorplan: Annotated[Path, typer.Argument(metavar="DIR", help="A store's folder: its products are offered.")],
    shoppers: Annotated[int, typer.Option(min=100, max=20_000, help="So many people: half to learn from.")] = 2000,
    seed: Annotated[int, typer.Option(min=0, max=SEEDS - 1, help="Of the people and of all that they do.")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
) -> None:
    """Compare next best offer with plain choices on simulated shoppers that it never learnt from.

    Of all people half get a product by chance, and from what they do the model learns. On the other half each policy
    chooses for the same moments. Exit code 1 where the model brings less than 20 % more redeemed margin per message
    than the most popular product.

    Example: rayon offers backtest floorplans/supermarket --shoppers 200
    """
    from engine.plan.load import load_plan
    from simulators.tastes.report import run_backtest

    lines, passed = run_backtest(load_plan(floorplan), shoppers, seed, as_json=as_json)
    for line in lines:
        typer.echo(line)
    if not passed:
        raise typer.Exit(1)
