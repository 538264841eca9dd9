// Changes as people write them: what is taken, and where what is wrong stands.
import Documents
import Features
import Testing

private let features = try? CompiledFeatures(
    reading: Array(
        """
        {"schema": "paceline/features/1", "name": "test", "version": 1, "features": [
          {"name": "age", "entity": "user", "owner": "us"},
          {"name": "paid", "entity": "user", "type": "flag", "owner": "us"},
          {"name": "tier", "entity": "user", "type": "category", "categories": ["a", "b"], "owner": "us"},
          {"name": "n", "entity": "user", "owner": "us", "aggregate": {"event": "imp", "windowMinutes": 60}},
          {"name": "size", "entity": "creative", "owner": "us"}
        ]}
        """.utf8))

private func read(_ line: String) throws -> [ToldChange] {
    try ChangeReading(#require(features)).changes(Array(line.utf8))
}

@Test func linesAreRead() throws {
    let at: UInt32 = 1_763_661_600
    let key = CompiledFeatures.key("u")
    let set = try read(
        #"{"at": "2025-11-20T18:00:00Z", "user": "u", "set": {"age": 31.5, "paid": true, "tier": "b"}}"#)
    #expect(
        set.map(\.change) == [
            .value(31.5, of: 0, .user, key: key, at: at), .value(1, of: 1, .user, key: key, at: at),
            .value(1, of: 2, .user, key: key, at: at),
        ])
    #expect(set.allSatisfy { $0.told == at && $0.name == "u" })
    let event = try read(
        #"{"at": "2025-11-20T18:00:00Z", "toldAt": "2025-11-20T18:00:09Z", "user": "u", "event": "imp", "value": -0.25, "item": "x"}"#
    )
    #expect(event.first?.told == at + 9 && event.count == 1)
    #expect(
        event.first?.change
            == .event(0, .user, key: key, at: at, amount: -250_000, item: CompiledFeatures.key("x")))
}

@Test(arguments: [
    (#"{"user": "u", "set": {"age": 1}}"#, "at"),
    (#"{"at": "yesterday", "user": "u", "set": {"age": 1}}"#, "at"),
    (#"{"at": "2025-11-20T18:00:00Z", "set": {"age": 1}}"#, ""),
    (#"{"at": "2025-11-20T18:00:00Z", "user": "u", "creative": "c", "set": {"age": 1}}"#, ""),
    (#"{"at": "2025-11-20T18:00:00Z", "user": 7, "set": {"age": 1}}"#, "user"),
    (#"{"at": "2025-11-20T18:00:00Z", "user": "u", "set": {"age": "old"}}"#, "set.age"),
    (#"{"at": "2025-11-20T18:00:00Z", "user": "u", "set": {"age": 1e99}}"#, "set.age"),
    (#"{"at": "2025-11-20T18:00:00Z", "user": "u", "set": {"tier": "c"}}"#, "set.tier"),
    (#"{"at": "2025-11-20T18:00:00Z", "user": "u", "set": {"paid": 1}}"#, "set.paid"),
    (#"{"at": "2025-11-20T18:00:00Z", "user": "u", "set": {"n": 1}}"#, "set.n"),
    (#"{"at": "2025-11-20T18:00:00Z", "user": "u", "set": {"size": 1}}"#, "set.size"),
    (#"{"at": "2025-11-20T18:00:00Z", "user": "u", "set": {}}"#, "set"),
    (#"{"at": "2025-11-20T18:00:00Z", "user": "u", "set": {"age": 1}, "event": "imp"}"#, ""),
    (#"{"at": "2025-11-20T18:00:00Z", "user": "u", "event": "click"}"#, "event"),
    (#"{"at": "2025-11-20T18:00:00Z", "creative": "c", "event": "imp"}"#, "event"),
    (#"{"at": "2025-11-20T18:00:00Z", "user": "u", "event": "imp", "value": 1000001}"#, "value"),
    (#"{"at": "2025-11-20T18:00:00Z", "user": "u", "event": "imp", "item": 3}"#, "item"),
    (#"{"at": "2025-11-20T18:00:00Z", "user": "u", "event": "imp", "price": 3}"#, "price"),
    (#"{"at": "2025-11-20T18:00:00Z", "at": "2025-11-20T18:00:00Z", "user": "u", "event": "imp"}"#, "at"),
    (#"["#, ""), (#"7"#, ""), ("", ""),
])
func wrongLinesAreRefusedWithTheirPlace(line: String, path: String) throws {
    let refused = #expect(throws: DocumentRefused.self) { try read(line) }
    #expect(refused?.refusals.contains { $0.path == path } == true, "\(refused?.refusals ?? [])")
}

@Test func tablesSetWhatTheirFirstRowSays() throws {
    let reading = ChangeReading(try #require(features))
    let table = try reading.columns(["user", "at", "tier", "age"])
    let changes = try reading.changes(["u", "2025-11-20T18:00:00Z", "b", ""], table)
    #expect(
        changes.map(\.change) == [
            .value(1, of: 2, .user, key: CompiledFeatures.key("u"), at: 1_763_661_600)
        ])
    for header in [
        ["user", "age"], ["viewer", "at", "age"], ["user", "at", "ages"], ["user", "at", "age", "age"],
        ["user", "at", "n"],
    ] {
        #expect(throws: TableRefusal.self, "\(header)") { try reading.columns(header) }
    }
    for row in [
        ["u", "2025-11-20T18:00:00Z", "b"], ["", "2025-11-20T18:00:00Z", "b", ""], ["u", "now", "b", ""],
        ["u", "2025-11-20T18:00:00Z", "c", ""],
    ] {
        #expect(throws: TableRefusal.self, "\(row)") { try reading.changes(row, table) }
    }
}
