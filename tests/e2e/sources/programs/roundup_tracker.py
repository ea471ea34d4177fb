"""Serves tables in a tracker of Roundup, with its REST API: `roundup_tracker.py HOME FILE`.

The file has `tables` (name -> key and rows), `web` (the address that links begin with; empty: its own),
`calls` and `interval` (of its rate limiter, in seconds) and `max_rows` (an answer has fewer).
"""

import json
import sys
from getpass import getuser
from importlib.metadata import distribution
from pathlib import Path

from roundup import configuration, init, instance, password
from roundup.scripts.roundup_server import ServerConfig, TrackerHomeOption

NAME = "cmdb"


def make(home: Path, wanted: dict) -> None:
    """Set up a tracker with a class for each table, and fill it."""
    found = next(each for each in distribution("roundup").files if each.parts[-2:] == ("minimal", "schema.py"))
    init.install(str(home), str(Path(found.locate()).resolve().parent))
    with (home / "schema.py").open("a") as file:
        for table, each in wanted["tables"].items():
            properties = ", ".join(f"{column}=String()" for column in each["rows"][0])
            file.write(f"\n{table} = Class(db, {table!r}, {properties})\n{table}.setkey({each['key']!r})\n")
            file.write(f"db.security.addPermissionToRole('User', 'View', {table!r})\n")
    (home / "interfaces.py").write_text(
        f"from roundup.rest import RestfulInstance\nRestfulInstance.max_response_row_size = {wanted['max_rows']}\n"
    )
    config = configuration.CoreConfig()
    config["TRACKER_HOME"] = str(home)
    config["TRACKER_WEB"] = "http://127.0.0.1/"  # until it is served
    config["MAIL_DOMAIN"] = "localhost"
    config["RDBMS_BACKEND"] = "sqlite"
    config["DATABASE"] = "db"
    config["PASSWORD_PBKDF2_DEFAULT_ROUNDS"] = 1000  # each request proves its password anew
    config["WEB_API_CALLS_PER_INTERVAL"] = wanted["calls"]
    config["WEB_API_INTERVAL_IN_SEC"] = wanted["interval"]
    config.save(str(home / "config.ini"))
    tracker = instance.open(str(home))
    tracker.init(password.Password("admin", config=config))
    database = tracker.open("admin")
    database.user.create(username="reader", password=password.Password("sesame", config=config), roles="User")
    for table, each in wanted["tables"].items():
        for row in each["rows"]:
            database.getclass(table).create(**{name: value for name, value in row.items() if value is not None})
    database.commit()
    database.close()


def serve(home: Path, web: str) -> None:
    """Serve it on a free port until the process is ended."""
    config = ServerConfig()
    config.getopt(["-t", "thread", "-n", "127.0.0.1", "-p", "0", "-u", getuser()])
    config.add_option(TrackerHomeOption(config, "trackers", NAME))
    config[f"TRACKERS_{NAME.upper()}"] = str(home)
    server = config.get_server()
    where = f"http://127.0.0.1:{server.server_port}"
    server.RequestHandlerClass.TRACKERS[NAME].config["TRACKER_WEB"] = f"{web or where}/{NAME}/"
    sys.stdout.write(f"Roundup on {where}\n")
    sys.stdout.flush()
    server.serve_forever()


if __name__ == "__main__":
    where, wanted = Path(sys.argv[1]).resolve(), json.loads(Path(sys.argv[2]).read_text())
    make(where, wanted)
    serve(where, wanted["web"])
