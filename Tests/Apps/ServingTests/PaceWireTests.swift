// Words about pacing, as bytes: what is written is read again, and what is no word is refused with its place.
import Documents
import Pacing
import Serving
import Testing
import Units

@Suite struct PaceWireTests {
    private static let start = Instant(nanoseconds: 1_704_067_200 * 1_000_000_000)

    private func statement() -> PaceStatement {
        var statement = PaceStatement(
            terms: PacedTerms(
                id: "one", start: Self.start, end: Self.start + .seconds(86_400), mode: .traffic,
                lifetime: .zero,
                daily: nil, price: Micros(4_200)), supply: (0..<24).map { Double($0) * 100 })
        statement.dayEnd = Self.start + .seconds(3_600)
        statement.plan = 65_538
        statement.report.spent = Micros(1_234_567)
        statement.report.target = Micros(1_300_000)
        statement.report.admitted = 0.25
        statement.open = Micros(42_000)
        statement.terms.isGuaranteed = true
        statement.report.local = -0.125
        (statement.shares, statement.affordable) = ([0.5, 0.000_003], [1, 0.75])
        statement.supply[3] = 0.000_25
        statement.seesDay = false
        (statement.runs, statement.isUsualDay, statement.isGuess) = (false, false, true)
        return statement
    }

    @Test func statementsComeBack() throws {
        let all = PaceWire.Statements(
            holder: "broker-0", node: "node-a", start: 7, [("2026-11-28", statement()), (nil, statement())],
            region: "eu-west", supply: PaceSupply(kinds: 2, places: (0..<48).map { Double($0) }))
        let tree = PaceWire.tree(all)
        let read = try PaceWire.statements(JSONTree(reading: Array(tree.line.utf8)))
        #expect(read.holder == "broker-0" && read.node == "node-a" && read.start == 7)
        #expect(read.supply == all.supply && read.supply != nil && read.region == "eu-west")
        #expect(read.statements.map(\.day) == ["2026-11-28", nil])
        #expect(read.statements.allSatisfy { $0.1 == statement() })
    }

    @Test func whatABrokerPassesOnIsTheNodesAsItWas() throws {
        let text = #"{"version":9,"holder":"node-a","later":[1.50,"x"],"start":"7","holder":"node-b"}"#
        let (node, words) = try PaceWire.passedOn(JSONTree(reading: Array(text.utf8)), by: "broker-0")
        #expect(node == "node-a")
        let expected = #"{"holder":"broker-0","node":"node-a","version":9,"later":[1.50,"x"],"start":"7"}"#
        #expect(words.line.replacing(" ", with: "") == expected)
    }

    @Test func ordersComeBack() throws {
        var order = PaceOrder(campaign: "one", plan: 3)
        (order.scale, order.ahead, order.theta) = (1.25, -0.003, 0.5)
        order.part = PaceOrder.Part(
            start: Self.start, end: Self.start + .seconds(5_400), hourly: [Micros(10), Micros(0)])
        order.part?.choice = [0.25, -0.25]
        let orders = [order, PaceOrder(campaign: "two", plan: 0)]
        #expect(try PaceWire.orders(JSONTree(reading: Array(PaceWire.tree(orders).line.utf8))) == orders)
    }

    /// A version that knows nothing of prices and kinds says none, and is understood.
    @Test func whatAnEarlierVersionDoesNotSayIsAsUsual() throws {
        var plain = statement()
        plain.terms.isGuaranteed = false
        plain.report.local = 0
        (plain.shares, plain.affordable, plain.seesDay) = ([], [], true)
        (plain.runs, plain.isUsualDay, plain.isGuess) = (true, true, false)
        let line = PaceWire.tree(PaceWire.Statements(holder: "a", node: nil, start: 7, [(nil, plain)])).line
        for word in [
            "guaranteed", "local", "hares", "affordable", "inds", "seesDay", "runs", "usualDay", "guess",
        ] {
            #expect(!line.contains(word))
        }
        let read = try PaceWire.statements(JSONTree(reading: Array(line.utf8)))
        #expect(read.supply == nil && read.statements[0].1 == plain)
    }

    /// Versions before this one plan hour by hour with what `shares` says of one: to them, and by them, nothing is said of kinds.
    @Test func kindsOfOtherVersionsAreNotTaken() throws {
        let all = PaceWire.Statements(
            holder: "a", node: nil, start: 7, [(nil, statement())],
            supply: PaceSupply(kinds: 2, places: (0..<48).map { Double($0) }))
        let line = PaceWire.tree(all).line
        for word in ["\"kinds\"", "\"places\"", "\"shares\""] { #expect(!line.contains(word)) }
        let former = line.replacing("placeKinds", with: "kinds").replacing("placesOffered", with: "places")
            .replacing("placeShares", with: "shares")
        let read = try PaceWire.statements(JSONTree(reading: Array(former.utf8)))
        #expect(read.supply == nil && read.statements[0].1.shares.isEmpty)
    }

    @Test(arguments: [
        ("\"version\":1", "\"version\":2", "version"),
        ("\"pacing\":\"traffic\"", "\"pacing\":\"fast\"", "campaigns[0].pacing"),
        ("\"admitted\":0.25", "\"admitted\":1.5", "campaigns[0].admitted"),
        ("\"supply\":[0.0,", "\"supply\":[", "campaigns[0].supply"),
        ("\"supply\":[0.0,", "\"supply\":[-1,", "campaigns[0].supply[0]"),
        ("\"spent\":1.234567", "\"spent\":-1", "campaigns[0].spent"),
        ("\"placeShares\":[0.5", "\"placeShares\":[1.5", "campaigns[0].placeShares[0]"),
        ("\"seesDay\":false", "\"seesDay\":0", "campaigns[0].seesDay"),
        ("\"runs\":false", "\"runs\":0", "campaigns[0].runs"),
        ("\"usualDay\":false", "\"usualDay\":0", "campaigns[0].usualDay"),
        ("\"guess\":true", "\"guess\":1", "campaigns[0].guess"),
        ("\"local\":-0.125", "\"local\":true", "campaigns[0].local"),
        ("\"dayEnd\":\"", "\"dayEnd\":\"9", "campaigns[0].dayEnd"),
    ])
    func whatIsNoWordIsRefusedWithItsPlace(old: String, new: String, place: String) throws {
        let all = PaceWire.Statements(holder: "a", node: nil, start: 7, [(nil, statement())])
        let line = PaceWire.tree(all).line.replacing(" ", with: "")
        let text = line.replacing(old, with: new)
        #expect(text != line, "\(line)")
        do throws(Malformed) {
            _ = try PaceWire.statements(try! JSONTree(reading: Array(text.utf8)))
            Issue.record("it was read")
        } catch { #expect(error.place == place, "\(error)") }
    }
}
