"""Extension of griffe: what docstrings write in reStructuredText reads well in Markdown too."""

import re

import griffe

ROLE = re.compile(r":(?:func|mod|class|meth|attr):`~?([^`]+)`")
NO_LINK = re.compile(r"\](?=\s?[\[(])")  # NRF[k](P) and [1 + x] [mm] are no links


class Plain(griffe.Extension):
    """Roles leave their name as code, and brackets stay brackets."""

    def on_object(self, *, obj, **kwargs):
        if obj.docstring:
            obj.docstring.value = NO_LINK.sub(r"\\]", ROLE.sub(r"`\1`", obj.docstring.value))
