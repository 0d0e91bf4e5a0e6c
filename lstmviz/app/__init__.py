"""The window: Qt and pyqtgraph. It draws and asks; it computes nothing and never imports torch."""
