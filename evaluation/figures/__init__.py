"""The figures of a report, a file for each; what they share is their look (``style``) and their panels (``panels``)."""
