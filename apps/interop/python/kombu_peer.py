"""A Kombu program, without Celery, that is told what to do."""
import json
import os
from socket import timeout as SocketTimeout
from time import monotonic, sleep

from kombu import Connection, Consumer, Exchange, Queue
from kombu.common import Broadcast

from conversation import serve
from expressions import evaluate

accept = ["json", "yaml", "msgpack", "text/plain", "application/data"]
on_redis = os.environ["INTEROP_BROKER"].startswith("redis")
# The name by which its own connections are told from all others, and no long waits for what was cancelled.
redis_options = {"client_name": f"kombu-peer-{os.getpid()}", "polling_interval": 0.1}
options = {**(redis_options if on_redis else {}), **json.loads(os.environ.get("INTEROP_TRANSPORT_OPTIONS", "{}"))}
connection = Connection(os.environ["INTEROP_BROKER"], transport_options=options)
received = []
consumers = []


def queue_of(name, exchange, exchange_type, routing_key, arguments):
    if exchange is None:
        return Queue(name, queue_arguments=arguments)
    if exchange_type == "broadcast":
        return Broadcast(exchange, queue=name)
    return Queue(name, Exchange(exchange, type=exchange_type), routing_key=routing_key, queue_arguments=arguments)


def declare(*queues):
    for described in queues:
        queue_of(*described)(connection.default_channel).declare()


def publish(messages):
    producer = connection.Producer()
    for expression, exchange, exchange_type, routing_key, headers, more in messages:
        target = Exchange(exchange, type=exchange_type)
        # Kombu has an exchange for direct until it is declared here.
        declared = [target] if exchange else []
        producer.publish(
            evaluate(expression), exchange=target, routing_key=routing_key, headers=evaluate(headers), declare=declared, **more
        )


def listen(*queues):
    """Consumes from queues until `cancel`; answers when nothing that is published from now on is missed."""
    subscribers = 0
    for name, exchange, exchange_type, routing_key, arguments in queues:
        # A channel for each, as if in programs of their own: in Kombu one channel has one queue of a fan-out exchange.
        channel = connection.channel()
        queue = queue_of(name, exchange, exchange_type, routing_key, arguments)
        subscribers += exchange_type in ("fanout", "broadcast")
        consumer = Consumer(channel, [queue], accept=accept, on_message=keeper(name))
        consumer.consume()
        consumers.append(consumer)
    ends = monotonic() + 20
    # A server that speaks AMQP has answered.
    while on_redis and count_subscribers() < subscribers:
        if monotonic() > ends:
            raise TimeoutError("the subscriptions were not seen on the server")
        drain(0.05)


def keeper(name):
    def keep(message):
        received.append(
            {
                "queue": name,
                "body": repr(message.decode()),
                "routing_key": message.delivery_info["routing_key"],
                "priority": message.properties.get("priority"),
                "redelivered": bool(message.headers.get("redelivered")),
                "headers": {name: repr(value) for name, value in message.headers.items()},
            }
        )
        message.ack()

    return keep


def count_subscribers():
    clients = connection.default_channel.client.client_list()
    return sum(client["name"] == options["client_name"] and client["psub"] != "0" for client in clients)


def receive(count):
    """The next messages, acknowledged."""
    ends = monotonic() + 20
    while len(received) < count and monotonic() < ends:
        drain(0.2)
    taken, received[:] = received[:count], received[count:]
    return taken


def cancel():
    for consumer in consumers:
        # RabbitMQ answers it when a quorum queue has every acknowledgement that was sent before; of many that come right
        # before the end of their channel it forgets some.
        consumer.cancel()
        consumer.channel.close()
    consumers.clear()
    leftover, received[:] = list(received), []
    return leftover


def restore(seconds):
    """Kombu's own sweep, again and again, with nothing between two of them; answers with how many there were."""
    sweeps, ends = 0, monotonic() + seconds
    while monotonic() < ends:
        connection.default_channel.qos.restore_visible(num=1_000, interval=1)
        sweeps += 1
        sleep(0.05)
    return sweeps


def drain(seconds):
    try:
        connection.drain_events(timeout=seconds)
    except SocketTimeout:
        pass


serve({
    "declare": declare,
    "publish": publish,
    "listen": listen,
    "receive": receive,
    "cancel": cancel,
    "restore": restore,
})
