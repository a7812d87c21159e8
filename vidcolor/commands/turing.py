"""``vidcolor turing --real DIR --fake DIR``, ``vidcolor turing --results PATH``."""

from __future__ import annotations

import argparse
from pathlib import Path

from vidcolor.commands import options
from vidcolor.commands.console import answer, notices, one_stage
from vidcolor.commands.streams import say
from vidcolor.errors import ConfigError

PORT = 8765


def add(commands: options.Subparsers) -> None:
    """Add the command to the parser."""
    parser = options.add_command(
        commands,
        "turing",
        turing,
        "ask people which of two pictures has false colours, and count their answers",
        "A page in the browser shows a photograph beside the same picture coloured by a model, for a second. "
        "It is served to this computer alone, until Ctrl-C.",
    )
    task = parser.add_mutually_exclusive_group(required=True)
    task.add_argument("--real", metavar="DIR", type=Path, help="ask: the folder of photographs")
    task.add_argument(
        "--results", metavar="FILE|DIR", type=Path, help="count: a file of answers, or a folder of such files"
    )
    asking = parser.add_argument_group("for asking")
    asking.add_argument(
        "--fake",
        metavar="DIR",
        type=Path,
        nargs="+",
        action="extend",
        default=[],
        help="the same pictures, by name, as a model coloured them; one folder for each model, named like it",
    )
    asking.add_argument(
        "--answers", metavar="FILE", type=Path, default=Path("turing.jsonl"), help="answers (default: turing.jsonl)"
    )
    asking.add_argument("--practice", metavar="N", type=int, default=10, help="pairs with feedback (default: 10)")
    asking.add_argument("--test", metavar="N", type=options.count, default=40, help="pairs without (default: 40)")
    asking.add_argument("--seconds", type=float, default=1.0, help="how long a pair is shown (default: 1)")
    asking.add_argument("--side", metavar="PIXELS", type=int, default=256, help="short side as shown (default: 256)")
    asking.add_argument("--seed", type=int, default=0, help="another one gives the same raters another session")
    asking.add_argument("--port", type=_port, default=PORT, help=f"of the page (default: {PORT}; 0: any that is free)")
    asking.add_argument("--open", action="store_true", help="open the page in the browser")
    counting = parser.add_argument_group("for counting")
    counting.add_argument("-o", "--out", metavar="PNG", type=Path, help="draw the results")


def turing(args: argparse.Namespace) -> int:
    """Ask until Ctrl-C, or count."""
    return _count(args) if args.results else _ask(args)


def _ask(args: argparse.Namespace) -> int:
    from vidcolor.turing.material import find_material
    from vidcolor.turing.record import open_record
    from vidcolor.turing.sequence import TuringConfig
    from vidcolor.turing.server import TuringServer
    from vidcolor.turing.sittings import Sittings

    if not args.fake:
        raise ConfigError("there is nothing to compare with: give --fake DIR, the folder of coloured pictures")
    if args.out:
        raise ConfigError("-o draws the results; give it with --results, and name the file of answers by --answers")
    config = TuringConfig(args.practice, args.test, args.seconds, args.side, args.seed)
    with one_stage(args, "pictures") as on_progress:
        material = find_material(args.real, args.fake, on_progress)
    with open_record(args.answers) as record, TuringServer(Sittings(record, material, config), args.port) as server:
        rounds = config.rounds(len(material.pictures))
        about = f"{len(material.pictures)} pictures, coloured by {', '.join(material.fakes)}"
        pairs = f"a session has {rounds['practice']} practice and {rounds['test']} test pairs"
        if tell := notices(args):
            for sentence in (*material.notices, f"{about}; {pairs}; answers are saved in {args.answers}"):
                tell(sentence)
        say(f"vidcolor: open {server.address} in a browser on this computer; Ctrl-C ends")
        if args.open:
            import webbrowser

            webbrowser.open(server.address)
        server.serve_forever()
    return 0


def _count(args: argparse.Namespace) -> int:
    from vidcolor.pipeline.files import write_bytes
    from vidcolor.turing.results import read_results
    from vidcolor.turing.results_picture import draw

    if args.out and args.out.suffix.lower() != ".png":
        raise ConfigError(f"{args.out}: the picture is drawn as PNG; give a name that ends in .png")
    results = read_results(args.results)
    if args.out:
        write_bytes(args.out, draw(results))
    answer(args, results.to_json(), results.lines())
    return 0


def _port(text: str) -> int:
    number = int(text)
    if not 0 <= number < 1 << 16:
        raise argparse.ArgumentTypeError(f"must be 0 to 65535, got {text}")
    return number
