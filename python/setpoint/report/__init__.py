"""What people look at: plots by matplotlib, and the report of a search as one HTML page.

A search is read once into a `Record`; plots and page draw the same record. Neither matplotlib nor
plotly is imported before something is drawn.
"""
