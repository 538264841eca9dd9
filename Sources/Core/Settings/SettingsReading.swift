// The state of one reading of a settings file: what was refused so far, and where every path stands.
import JSON

struct SettingsReading {
    /// A file with more mistakes than this is not a settings file; the rest is only counted.
    static let reportedRefusals = 100

    private let lines: LineIndex
    private var places: [String: Int] = [:]
    private var refusals: [(offset: Int, refusal: SettingsRefusal)] = []
    /// All that were refused, reported or not.
    private(set) var count = 0

    init(_ bytes: [UInt8]) { lines = LineIndex(bytes) }

    /// Everything that was refused, in the order of the file.
    var refused: SettingsRefused {
        let sorted = refusals.sorted { $0.offset < $1.offset }
        return SettingsRefused(refusals: sorted.map(\.refusal), unreported: count - refusals.count)
    }

    /// The file as a tree, or the one reason why it is no JSON document.
    mutating func tree(of bytes: [UInt8]) throws(SettingsRefused) -> JSONTree {
        do {
            return try JSONTree(reading: bytes)
        } catch {
            append(
                error.offset, "", found: "broken JSON: \(error.reason)", allowed: "one JSON object, in UTF-8")
            throw refused
        }
    }

    /// Remembers where a path stands, for rules that speak of it later.
    mutating func note(_ tree: JSONTree, at path: String) { places[path] = tree.offset }

    /// The value is not what is allowed there, so it is no value at all.
    mutating func refuse<Value>(_ tree: JSONTree, at path: String, allowed shape: Shape) -> Value? {
        var nearest: String?
        if case .choice(let words) = shape, case .string(let found) = tree.content {
            nearest = nearestName(to: found, among: words)
        }
        append(tree.offset, path, found: tree.brief, allowed: shape.allowed, nearest)
        return nil
    }

    mutating func refuseUnknown(_ member: JSONTree.Member, at path: String, known: [String]) {
        guard count < Self.reportedRefusals else { return count += 1 }
        append(
            member.keyOffset, path, found: "an unknown key", allowed: known.joined(separator: ", "),
            nearestName(to: member.key, among: known))
    }

    mutating func refuseRepeated(_ member: JSONTree.Member, first: Int, at path: String) {
        append(
            member.keyOffset, path, found: "the key again, after line \(lines.place(of: first).line)",
            allowed: "each key once")
    }

    mutating func refuseMissing(_ object: JSONTree, at path: String, allowed shape: Shape) {
        append(object.offset, path, found: "nothing", allowed: shape.allowed + ", and it is required")
    }

    /// What a rule objects to; it stands at the path, or at the object where the path holds its default.
    mutating func refuse(in object: JSONTree, at path: String, found: String, allowed: String) {
        append(places[path] ?? object.offset, path, found: found, allowed: allowed)
    }

    private mutating func append(
        _ offset: Int, _ path: String, found: String, allowed: String, _ nearest: String? = nil
    ) {
        count += 1
        guard refusals.count < Self.reportedRefusals else { return }
        let (line, column) = lines.place(of: offset)
        let refusal = SettingsRefusal(
            path: path, line: line, column: column, found: found, allowed: allowed, nearest: nearest)
        refusals.append((offset, refusal))
    }
}
