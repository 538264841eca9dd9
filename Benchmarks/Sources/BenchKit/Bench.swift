// The face that every bench reports through: it judges each measurement against its budget, prints it at
// once and ends the process. A missed goal is a line; a measurement that cannot be true ends the bench with
// exit 1.
import Foundation

public struct Bench {
    public let name: String
    let budgets: [Budget]
    private let asJSON: Bool
    private var reported: Set<String> = []
    private var missed = 0

    init(_ name: String, budgets: [Budget], asJSON: Bool) {
        self.name = name
        self.budgets = budgets.filter { $0.bench == name }
        self.asJSON = asJSON
    }

    /// Runs one bench as the whole process. Exit 0: measured. 1: a measurement is impossible, or a goal is
    /// missed under `--strict`. 2: unknown arguments.
    public static func run(_ name: String, _ body: (inout Bench) throws -> Void) -> Never {
        let arguments = CommandLine.arguments.dropFirst()
        if let unknown = arguments.first(where: { $0 != "--json" && $0 != "--strict" }) {
            note("bench \(name): \(unknown) is unknown; --json and --strict are not")
            exit(2)
        }
        do {
            var bench = try Bench(name, budgets: .load(), asJSON: arguments.contains("--json"))
            try body(&bench)
            try bench.finish()
            exit(bench.missed > 0 && arguments.contains("--strict") ? 1 : 0)
        } catch {
            note("bench \(name): FAILED: \(error)")
            exit(1)
        }
    }

    /// Says something to the reader that is not a measurement.
    public static func note(_ text: String) {
        FileHandle.standardError.write(Data((text + "\n").utf8))
    }

    /// Reports ours beside a peer. `ours[i]` and `peer[i]` come from the same round; each round is compared
    /// with itself, so that a machine that slows down for everyone does not move the ratio.
    public mutating func compare(
        _ case: String, unit: String, ours: [Double], peer: [Double], named peerName: String
    ) throws {
        let line = try judge(`case`, unit: unit, ours: ours, peer: peer, named: peerName)
        print(line)
    }

    /// Reports ours alone, against an absolute goal.
    public mutating func measure(_ case: String, unit: String, ours: [Double]) throws {
        let line = try judge(`case`, unit: unit, ours: ours)
        print(line)
    }

    mutating func judge(
        _ case: String, unit: String, ours: [Double], peer: [Double], named peerName: String
    ) throws -> Line {
        let budget = try budget(`case`, peer: peerName, unit: unit)
        guard ours.count == peer.count else {
            throw Impossible("\(`case`): \(ours.count) rounds of ours, \(peer.count) of \(peerName)")
        }
        try check(`case`, ours)
        try check("\(`case`), \(peerName)", peer)
        let ratio = median(zip(ours, peer).map { budget.better == .higher ? $0 / $1 : $1 / $0 })
        return try counted(
            Line(
                bench: name, case: `case`, ours: median(ours), peer: median(peer), peerName: peerName,
                unit: unit, ratio: ratio, goal: budget.ratio, holds: budget.ratio.map { ratio >= $0 },
                spread: spread(ours)))
    }

    mutating func judge(_ case: String, unit: String, ours: [Double]) throws -> Line {
        let budget = try budget(`case`, peer: nil, unit: unit)
        try check(`case`, ours)
        let value = median(ours)
        let holds = budget.absolute.map { budget.better == .higher ? value >= $0 : value <= $0 }
        return try counted(
            Line(
                bench: name, case: `case`, ours: value, unit: unit, goal: budget.absolute, holds: holds,
                spread: spread(ours)))
    }

    private func budget(_ case: String, peer: String?, unit: String) throws -> Budget {
        guard let budget = budgets.first(where: { $0.case == `case` && $0.peer == peer }) else {
            throw Impossible("budgets.json has no entry for \(name), \(`case`), peer \(peer ?? "none")")
        }
        guard budget.unit == unit else {
            throw Impossible("\(`case`): measured in \(unit), but its budget is in \(budget.unit)")
        }
        guard peer != nil || budget.ratio == nil else {
            throw Impossible("\(`case`): its budget is a ratio, but it names no peer")
        }
        return budget
    }

    private func check(_ what: String, _ rounds: [Double]) throws {
        guard !rounds.isEmpty else { throw Impossible("\(what): no rounds") }
        if let bad = rounds.first(where: { !$0.isFinite || $0 <= 0 }) {
            throw Impossible("\(what): a round measured \(bad)")
        }
    }

    private mutating func counted(_ line: Line) throws -> Line {
        guard reported.insert("\(line.case)|\(line.peerName ?? "")").inserted else {
            throw Impossible("\(line.case): reported twice")
        }
        if line.holds == false { missed += 1 }
        return line
    }

    private func print(_ line: Line) {
        if !asJSON && reported.count == 1 { Swift.print("\(name)\n\(Line.header)") }
        Swift.print(asJSON ? line.json : line.table)
        fflush(nil)
    }

    func finish() throws {
        let silent = budgets.filter { !reported.contains("\($0.case)|\($0.peer ?? "")") }
        guard silent.isEmpty else {
            throw Impossible("not measured: \(silent.map(\.case).joined(separator: "; "))")
        }
    }
}
