"""Every page as somebody comes to it in a browser: for pictures (``tools/screenshots``) and for what axe finds.

A scene is a function that leaves the stage's page open. Add yours to the tuple of its file, a new file to ``repertoire``.
"""
