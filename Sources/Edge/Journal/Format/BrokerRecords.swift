// What a broker's journal holds: the rows of its book that one exchange changed. Core's `BrokerRows` reads and writes them.

extension RecordKind {
    public static let brokerRows = RecordKind(rawValue: 48)
}

extension RecordLayout {
    static let broker: [RecordLayout] = [
        RecordLayout("broker-rows", .brokerRows, version: 1, [("rows", .rest)])
    ]
}
