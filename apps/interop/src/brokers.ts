/** Brokers that ctq shares with Python. */
export const brokerNames = ['Redis', 'RabbitMQ'] as const;
export type BrokerName = (typeof brokerNames)[number];
