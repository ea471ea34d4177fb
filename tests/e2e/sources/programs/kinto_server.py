"""Serves Kinto in memory on a free port, for anybody with any name: `kinto_server.py SETTINGS`, which are JSON."""

import json
import sys

import kinto
import waitress

BACKENDS = {f"kinto.{kind}_backend": f"kinto.core.{kind}.memory" for kind in ("storage", "cache", "permission")}
OPEN = {
    "multiauth.policies": "basicauth",
    "kinto.userid_hmac_secret": "of a test",
    "kinto.bucket_create_principals": "system.Authenticated",
}

if __name__ == "__main__":
    application = kinto.main({}, **BACKENDS, **OPEN, **json.loads(sys.argv[1]))
    server = waitress.create_server(application, host="127.0.0.1", port=0)
    sys.stdout.write(f"Kinto on http://127.0.0.1:{server.effective_port}\n")
    sys.stdout.flush()
    server.run()
