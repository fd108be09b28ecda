"""The websocket edge: consumers and the hub that feeds them."""
