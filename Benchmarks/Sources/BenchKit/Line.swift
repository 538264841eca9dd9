// One line of a report, as the table shows it and as `--json` prints it.
import Foundation

/// A measurement that cannot be what it claims: not a missed goal but a failure of the bench.
public struct Impossible: Error, CustomStringConvertible {
    public let description: String
    public init(_ description: String) { self.description = description }
}

public struct Line: Sendable {
    public var bench: String
    public var `case`: String
    public var ours: Double
    public var peer: Double?
    public var peerName: String?
    public var unit: String
    /// How many times better than the peer: the median over the rounds of each round's own ratio.
    public var ratio: Double?
    /// A ratio where there is a peer, else a bound on ours. None: the line is only watched.
    public var goal: Double?
    public var holds: Bool?
    /// (largest − smallest) ÷ median of the rounds, for ours.
    public var spread: Double

    /// One JSON object; a value that does not apply is null, so that every line has the same keys.
    public var json: String {
        let fields: [(String, String)] = [
            ("bench", quoted(bench)), ("case", quoted(`case`)), ("ours", number(ours)),
            ("peer", number(peer)), ("peer_name", peerName.map(quoted) ?? "null"), ("unit", quoted(unit)),
            ("ratio", number(ratio)), ("goal", number(goal)), ("holds", holds.map { "\($0)" } ?? "null"),
        ]
        return "{" + fields.map { "\"\($0)\":\($1)" }.joined(separator: ",") + "}"
    }

    static let header = row(
        "case", "ours", "peer", "", "unit", "ratio", "goal", "", "spread")

    public var table: String {
        Line.row(
            `case`, human(ours), human(peer), peerName ?? "", unit, human(ratio), goalText,
            holds.map { $0 ? "holds" : "MISSED" } ?? "watched", "±\(Int((spread * 50).rounded())) %")
    }

    private var goalText: String {
        guard let goal else { return "" }
        return ratio == nil ? human(goal) : "≥ \(human(goal))"
    }

    private static func row(
        _ name: String, _ ours: String, _ peer: String, _ peerName: String, _ unit: String, _ ratio: String,
        _ goal: String, _ verdict: String, _ spread: String
    ) -> String {
        [
            name.left(44), ours.right(9), peer.right(9), peerName.left(12), unit.left(12), ratio.right(7),
            goal.right(8), verdict.left(7), spread.right(6),
        ].joined(separator: " ")
    }
}

private func quoted(_ text: String) -> String {
    var out = "\""
    for scalar in text.unicodeScalars {
        switch scalar {
        case "\"": out += "\\\""
        case "\\": out += "\\\\"
        case _ where scalar.value < 0x20: out += String(format: "\\u%04x", scalar.value)
        default: out.unicodeScalars.append(scalar)
        }
    }
    return out + "\""
}

private func number(_ value: Double?) -> String {
    value.map { String(format: "%.6g", $0) } ?? "null"
}

/// Four significant digits, without an exponent: what a reader compares at a glance.
private func human(_ value: Double?) -> String {
    guard let value else { return "" }
    return switch abs(value) {
    case 1000...: String(format: "%.0f", value)
    case 100...: String(format: "%.1f", value)
    case 1...: String(format: "%.2f", value)
    default: String(format: "%.3f", value)
    }
}

extension String {
    fileprivate func left(_ width: Int) -> String { self + blanks(width) }
    fileprivate func right(_ width: Int) -> String { blanks(width) + self }
    private func blanks(_ width: Int) -> String { String(repeating: " ", count: max(0, width - count)) }
}
