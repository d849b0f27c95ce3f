"""One file, one command. `zoo_cli.main` loads each when it is used."""
