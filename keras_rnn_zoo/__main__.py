"""`python -m keras_rnn_zoo`: the `zoo` command."""

from zoo_cli.main import cli

if __name__ == "__main__":
    cli()
