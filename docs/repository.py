"""Hook of MkDocs: pages that live outside docs/ join the site, and links between files of the repository hold."""

import posixpath
import re
from pathlib import Path

from mkdocs.structure.files import File

ROOT = Path(__file__).resolve().parent.parent
PAGES = {
    "README.md": "index.md",
    "config/README.md": "configuration.md",
    "results/README.md": "results.md",
    "CHANGELOG.md": "changelog.md",
}
LINK = re.compile(r"(\]\()(?!\w+:|#)([^)\s#]+)((?:#[^)\s]*)?\))")


def on_config(config):
    """Every page of docs/benchmarks joins the navigation, and at its end whatever page mkdocs.yml does not place."""
    places = str(config.nav)
    config.nav.append({"Benchmarks": [f"benchmarks/{page.name}" for page in sorted(ROOT.glob("docs/benchmarks/*.md"))]})
    rest = [page.name for page in sorted(ROOT.glob("docs/*.md")) if page.name not in places]
    config.nav.extend([{"More": rest}] if rest else [])
    return config


def on_files(files, config):
    """Add the pages, and every other file that a page links to."""
    for source, page in PAGES.items():
        files.append(File.generated(config, page, abs_src_path=str(ROOT / source)))
    for file in list(files.documentation_pages()):
        for target in map(_target(file), LINK.findall(file.content_string)):
            if not _in_site(target) and (ROOT / target).is_file():
                files.append(File.generated(config, target, abs_src_path=str(ROOT / target)))
    return files


def on_page_markdown(markdown, page, config, files):
    """Links as they hold in the repository become links as they hold on the site."""
    target = _target(page.file)
    return LINK.sub(lambda link: f"{link[1]}{_relative(target(link.groups()), page.file)}{link[3]}", markdown)


def _target(file):
    """Path in the repository of what a page links to."""
    sources = {page: source for source, page in PAGES.items()}
    folder = posixpath.dirname(sources.get(file.src_uri, f"docs/{file.src_uri}"))
    return lambda link: posixpath.normpath(posixpath.join(folder, link[1]))


def _in_site(target):
    return target in PAGES or target.startswith("docs/")


def _relative(target, file):
    place = PAGES.get(target, target.removeprefix("docs/"))
    return posixpath.relpath(place, posixpath.dirname(file.src_uri) or ".")
