"""Node and the packages of package.json, in a folder of their own below target/."""
import json, os, shutil, subprocess

from common import HERE, OUT

FOLDER = OUT / "node"


class Node:
    def __init__(self):
        self.env = {**os.environ, "PATH": f"{FOLDER}/node_modules/node/bin:{os.environ['PATH']}"}

    def version(self, package):
        return json.loads((FOLDER / "node_modules" / package / "package.json").read_text())["version"]

    def run(self, program, *arguments, **options):
        """Runs a package's program and gives its output and exit code."""
        options = {"capture_output": True, "text": True, "env": self.env, "timeout": 300, **options}
        return subprocess.run(["node", FOLDER / "node_modules/.bin" / program, *arguments], **options)


def node(result, *packages):
    """Installs what is missing; `None`, and said so, where it cannot be had."""
    if not shutil.which("npm"):
        return result.not_run("all of it", "there is no npm here")
    wanted = (HERE / "package.json").read_text()
    FOLDER.mkdir(parents=True, exist_ok=True)
    done = FOLDER / "installed.json"
    if not done.exists() or done.read_text() != wanted:
        (FOLDER / "package.json").write_text(wanted)
        ran = subprocess.run(["npm", "install", "--no-fund", "--no-audit", "--loglevel=error"], cwd=FOLDER)
        if ran.returncode:
            return result.not_run("all of it", "npm could not install its packages")
        done.write_text(wanted)
    found = Node()
    for package in ("node", *packages):
        result.tools[package] = found.version(package)
    return found
