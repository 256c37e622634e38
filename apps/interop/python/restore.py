"""Kombu's own sweep of what is held longer than the visibility timeout, here without any patience: what it may take, it takes at once."""
from tasks import app

with app.connection() as connection:
    channel = connection.default_channel
    channel.visibility_timeout = 0
    channel.qos.restore_visible(num=1_000, interval=1)
