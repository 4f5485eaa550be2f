"""The report of a search: one HTML page that holds all it needs, and asks no network for anything.

``sections``: the page's parts in their order. ``charts``: what Plotly draws. ``elements``: HTML.
``assemble`` puts them into ``page.html`` with ``page.css``, ``page.js`` and Plotly itself.
"""
