"""Writes a run as one model, bytes of pictures to features.

    tfcmc export runs/mine --format=onnx

Resizing, crop and colours are inside the model: it takes pictures `[batch,
height, width, 3]` of uint8, of any size, and gives `[batch, features]`, what
`tfcmc.load` gives. It is read again in a process that has no tfcmc and
compared with that on 64 pictures before it is there; how near it is, how long
it takes, and what it was trained on stand in a card beside it.

keras        a .keras file of Keras's own layers and operations
saved_model  a folder, for TensorFlow and TensorFlow Serving
onnx         an .onnx file; needs the extra "onnx"
litert       a .tflite file for pictures of one size, by default that at which
             the run read them; needs the extra "litert"
"""

from tfcmc.cli import command_line
from tfcmc.experiment.recipe import stored_plan
from tfcmc.runs.outputs import check_output
from tfcmc.using.formats import FORMATS, check_format, parse_size, place_of


def main(argv=None):
    """Reads the command line and exports."""
    parser = command_line.make_parser("trainers.export", __doc__)
    parser.add_argument("run", help="the run folder")
    parser.add_argument(
        "--format",
        metavar="|".join(FORMATS),
        help="what to write (default: keras)",
    )
    parser.add_argument(
        "--size",
        metavar="HEIGHTxWIDTH",
        help="of the pictures that it takes, in pixels (default: any)",
    )
    parser.add_argument(
        "--out",
        metavar="FILE",
        help="where to (default: export/features.*, in the run folder)",
    )
    given = command_line.parse(parser, argv)
    name = given.get("format", "keras")
    kind = check_format(name)
    size = parse_size(given["size"]) if "size" in given else None
    plan, run = stored_plan(given["run"], check_data=False)
    out = place_of(run, kind, given.get("out"))
    check_output(out, plan, run)
    from tfcmc.using import export  # loads TensorFlow: only now

    export.export(plan, run, name, out, size)


if __name__ == "__main__":
    command_line.run(main)
