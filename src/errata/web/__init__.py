"""Pages for people: questions are answered here. Starlette and Jinja2, nothing to build, nothing from elsewhere."""
