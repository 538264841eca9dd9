// What nodes and the coordinator say to one another of pacing, as the bytes of `POST /v1/pacing`, version 1. Money does not
// depend on it: it lies beside the ledger's own messages, takes part in no transaction, and may be lost.
public import Documents
public import Pacing
import Units

public enum PaceWire {
    public static let version: UInt32 = 1
    /// As many campaigns as one exchange speaks of; the next goes on behind them.
    public static let most = 500

    /// Who speaks, and of what.
    public struct Statements: Sendable {
        /// Who holds money of whoever is asked.
        public var holder: String
        /// Which of its nodes, where it is a broker that passes words on.
        public var node: String?
        /// Where the node is; nil where its version does not say it.
        public var region: String?
        /// Of the node's process: sums begin anew with each.
        public var start: UInt64
        /// With the budget's day, such as 2026-11-28, where there is one.
        public var statements: [(day: String?, PaceStatement)]
        /// What the node expects in all, where it tells kinds of requests apart.
        public var supply: PaceSupply?

        public init(
            holder: String, node: String?, start: UInt64, _ statements: [(day: String?, PaceStatement)],
            region: String? = nil, supply: PaceSupply? = nil
        ) {
            (self.holder, self.node, self.start, self.statements) = (holder, node, start, statements)
            (self.region, self.supply) = (region, supply)
        }
    }

    // MARK: Statements

    public static func tree(_ all: Statements) -> JSONTree {
        var members: [JSONTree.Member] = [
            .init("version", .number(version)), .init("holder", .string(all.holder)),
        ]
        if let node = all.node { members.append(.init("node", .string(node))) }
        members.append(.init("start", .string("\(all.start)")))
        if let region = all.region { members.append(.init("region", .string(region))) }
        if let supply = all.supply {
            // Versions that know these by the names `kinds`, `places` and `shares` take what is said of one hour for all of them: to these,
            // nobody says anything.
            members.append(.init("placeKinds", .number(UInt32(supply.kinds))))
            members.append(.init("placesOffered", .array(supply.places.map { real(millionths($0)) })))
        }
        members.append(.init("campaigns", .array(all.statements.map { tree($0.day, $0.1) })))
        return .object(members)
    }

    private static func tree(_ day: String?, _ one: PaceStatement) -> JSONTree {
        var members: [JSONTree.Member] = [
            .init("campaign", .string(one.terms.id)), .init("pacing", .string(one.terms.mode.rawValue)),
            .init("start", instant(one.terms.start)), .init("end", instant(one.terms.end)),
            .init("price", amount(one.terms.price)), .init("plan", .number(one.plan)),
            .init("spent", amount(max(one.report.spent, .zero))),
            .init("target", amount(max(one.report.target, .zero))),
            .init("admitted", real(one.report.admitted)), .init("open", amount(max(one.open, .zero))),
            .init("supply", .array(one.supply.map { real(millionths($0)) })),
        ]
        // What is as usual is not said: versions that do not know of it take it so.
        if one.terms.isGuaranteed { members.append(.init("guaranteed", .bool(true))) }
        if one.report.local != 0 { members.append(.init("local", real(one.report.local))) }
        if !one.shares.isEmpty {
            members.append(.init("placeShares", .array(one.shares.map { real(millionths($0)) })))
        }
        if !one.affordable.isEmpty {
            members.append(.init("affordable", .array(one.affordable.map { real(millionths($0)) })))
        }
        if !one.seesDay { members.append(.init("seesDay", .bool(false))) }
        if !one.runs { members.append(.init("runs", .bool(false))) }
        if !one.isUsualDay { members.append(.init("usualDay", .bool(false))) }
        if one.isGuess { members.append(.init("guess", .bool(true))) }
        if let day { members.append(.init("day", .string(day))) }
        if let end = one.dayEnd { members.append(.init("dayEnd", instant(end))) }
        return .object(members)
    }

    public static func statements(_ tree: JSONTree) throws(Malformed) -> Statements {
        let fields = try Fields(tree, at: "")
        _ = try fields.number("version", version...version)
        let list = try fields.list("campaigns", most: most)
        var statements: [(day: String?, PaceStatement)] = []
        for (index, one) in list.enumerated() {
            statements.append(try statement(Fields(one, at: "campaigns[\(index)]")))
        }
        return Statements(
            holder: try fields.text("holder"), node: fields.has("node") ? try fields.text("node") : nil,
            start: try fields.bits("start"), statements,
            region: fields.has("region") ? try fields.text("region") : nil, supply: try supply(fields))
    }

    private static func supply(_ fields: Fields) throws(Malformed) -> PaceSupply? {
        guard fields.has("placeKinds") else { return nil }
        let kinds = Int(try fields.number("placeKinds", 1...UInt32(PaceSupply.kindsMost)))
        let places = try reals(fields, "placesOffered", most: kinds * PaceStatement.hours, 0...1e15)
        guard let supply = PaceSupply(kinds: kinds, places: places) else {
            throw Malformed(place: "placesOffered", allowed: "a number for each hour of a day and each kind")
        }
        return supply
    }

    private static func reals(_ fields: Fields, _ name: String, most: Int, _ range: ClosedRange<Double>)
        throws(Malformed) -> [Double]
    {
        guard fields.has(name) else { return [] }
        let place = fields.place.isEmpty ? name : "\(fields.place).\(name)"
        var numbers: [Double] = []
        for (at, one) in try fields.list(name, most: most).enumerated() {
            numbers.append(try Fields.real(one, range, at: "\(place)[\(at)]"))
        }
        return numbers
    }

    /// A node's words as its broker passes them on: under the broker's name, with the node's beside it. All else is as the node
    /// said it, also what this version does not know of.
    public static func passedOn(
        _ tree: JSONTree, by broker: String
    ) throws(Malformed) -> (node: String, words: JSONTree) {
        let fields = try Fields(tree, at: "")
        let node = try fields.text("holder")
        guard !fields.has("node") else {
            throw Malformed(place: "node", allowed: "nothing: a broker itself says whose words it passes on")
        }
        guard case .object(let members) = tree.content else { return (node, tree) }
        // A name that is there twice must not be heard as another's.
        let rest = members.filter { $0.key != "holder" }
        return (node, .object([.init("holder", .string(broker)), .init("node", .string(node))] + rest))
    }

    private static func statement(_ fields: Fields) throws(Malformed) -> (day: String?, PaceStatement) {
        guard let mode = PacingMode(rawValue: try fields.text("pacing")) else {
            throw Malformed(
                place: "\(fields.place).pacing",
                allowed: "one of \(PacingMode.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        let terms = PacedTerms(
            id: try fields.text("campaign"), start: try fields.instant("start"),
            end: try fields.instant("end"),
            mode: mode, lifetime: .zero, daily: nil, price: try fields.amount("price"),
            isGuaranteed: fields.has("guaranteed") ? try fields.flag("guaranteed") : false)
        let numbers = try reals(fields, "supply", most: PaceStatement.hours, 0...1e15)
        guard numbers.count == PaceStatement.hours else {
            throw Malformed(place: "\(fields.place).supply", allowed: "a number for each hour of a day")
        }
        var statement = PaceStatement(terms: terms, supply: numbers)
        if fields.has("dayEnd") { statement.dayEnd = try fields.instant("dayEnd") }
        statement.plan = try fields.number("plan", 0...UInt32.max)
        statement.report.spent = try fields.amount("spent")
        statement.report.target = try fields.amount("target")
        statement.report.admitted = try fields.real("admitted", 0...1)
        statement.open = try fields.amount("open")
        if fields.has("local") { statement.report.local = try fields.real("local", -1e3...1e3) }
        statement.shares = try reals(fields, "placeShares", most: PaceSupply.kindsMost, 0...1)
        statement.affordable = try reals(fields, "affordable", most: PaceSupply.kindsMost, 0...1)
        if fields.has("seesDay") { statement.seesDay = try fields.flag("seesDay") }
        if fields.has("runs") { statement.runs = try fields.flag("runs") }
        if fields.has("usualDay") { statement.isUsualDay = try fields.flag("usualDay") }
        if fields.has("guess") { statement.isGuess = try fields.flag("guess") }
        return (fields.has("day") ? try fields.text("day", most: 10) : nil, statement)
    }

    // MARK: Orders

    public static func tree(_ orders: [PaceOrder]) -> JSONTree {
        ["version": .number(version), "campaigns": .array(orders.map(tree))]
    }

    private static func tree(_ order: PaceOrder) -> JSONTree {
        var members: [JSONTree.Member] = [
            .init("campaign", .string(order.campaign)), .init("plan", .number(order.plan)),
            .init("scale", real(order.scale)), .init("ahead", real(order.ahead)),
        ]
        if order.theta != 0 { members.append(.init("theta", real(order.theta))) }
        if let part = order.part {
            members.append(
                .init(
                    "part",
                    [
                        "start": instant(part.start), "end": instant(part.end),
                        "hourly": .array(part.hourly.map(amount)),
                        "choice": .array(part.choice.map(real)),
                    ]))
        }
        return .object(members)
    }

    public static func orders(_ tree: JSONTree) throws(Malformed) -> [PaceOrder] {
        let fields = try Fields(tree, at: "")
        _ = try fields.number("version", version...version)
        var orders: [PaceOrder] = []
        for (index, one) in try fields.list("campaigns", most: most).enumerated() {
            let fields = try Fields(one, at: "campaigns[\(index)]")
            var order = PaceOrder(
                campaign: try fields.text("campaign"), plan: try fields.number("plan", 0...UInt32.max))
            order.scale = try fields.real("scale", 0...1e3)
            order.ahead = try fields.real("ahead", -1e6...1e6)
            if fields.has("theta") { order.theta = try fields.real("theta", -1e3...1e3) }
            if fields.has("part") { order.part = try part(fields) }
            orders.append(order)
        }
        return orders
    }

    private static func part(_ order: Fields) throws(Malformed) -> PaceOrder.Part {
        let place = "\(order.place).part"
        let fields = try Fields(order.tree("part", "a part of a plan"), at: place)
        var hourly: [Micros] = []
        for (hour, one) in try fields.list("hourly", most: 25).enumerated() {
            hourly.append(try Fields.amount(one, at: "\(place).hourly[\(hour)]"))
        }
        let part = PaceOrder.Part(
            start: try fields.instant("start"), end: try fields.instant("end"), hourly: hourly)
        guard var part else {
            throw Malformed(place: place, allowed: "an amount for each hour from its start to its end")
        }
        part.choice = try reals(fields, "choice", most: 25, -1e3...1e3)
        return part
    }

    // MARK: Values

    /// A flight that never ends does so in a century.
    private static func instant(_ instant: Instant) -> JSONTree {
        let range = Fields.instants
        return .string("\(min(max(instant.nanoseconds, range.lowerBound), range.upperBound))")
    }
    private static func amount(_ amount: Micros) -> JSONTree { JSONTree(.number(amount.description)) }
    /// A campaign's part of a large traffic is small; beyond a million there is no need of parts.
    private static func millionths(_ value: Double) -> Double {
        value < 1e6 ? (value * 1e6).rounded() / 1e6 : value.rounded()
    }
    private static func real(_ value: Double) -> JSONTree { JSONTree(.number("\(value)")) }
}
