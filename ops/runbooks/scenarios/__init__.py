"""One file a page: sets the trouble up for real, has the page's commands run, and looks whether they helped."""
