// The state of one reading of a document: what was refused so far, and where every path stands.
import JSON

package struct DocumentReading {
    /// A file with more mistakes than this is not what it was taken for; the rest is only counted.
    package static let reportedRefusals = 100

    private let lines: LineIndex
    private var places: [String: Int] = [:]
    private var refusals: [(offset: Int, refusal: DocumentRefusal)] = []
    /// All that were refused, reported or not.
    package private(set) var count = 0

    package init(_ bytes: [UInt8]) { lines = LineIndex(bytes) }

    /// Everything that was refused, in the order of the file.
    package var refused: DocumentRefused {
        let sorted = refusals.sorted { $0.offset < $1.offset }
        return DocumentRefused(refusals: sorted.map(\.refusal), unreported: count - refusals.count)
    }

    /// The file as a tree, or the one reason why it is no JSON document.
    package mutating func tree(of bytes: [UInt8]) throws(DocumentRefused) -> JSONTree {
        do {
            return try JSONTree(reading: bytes)
        } catch {
            append(
                error.offset, "", found: "broken JSON: \(error.reason)", allowed: "one JSON object, in UTF-8")
            throw refused
        }
    }

    /// Remembers where a path stands, for rules that speak of it later.
    package mutating func note(_ tree: JSONTree, at path: String) { places[path] = tree.offset }

    /// The value is not what is allowed there, so it is no value at all.
    package mutating func refuse<Value>(_ tree: JSONTree, at path: String, allowed shape: Shape) -> Value? {
        var nearest: String?
        if case .choice(let words) = shape, case .string(let found) = tree.content {
            nearest = nearestName(to: found, among: words)
        }
        append(tree.offset, path, found: tree.brief, allowed: shape.allowed, nearest)
        return nil
    }

    package mutating func refuseUnknown(_ member: JSONTree.Member, at path: String, known: [String]) {
        guard count < Self.reportedRefusals else { return count += 1 }
        append(
            member.keyOffset, path, found: "an unknown key", allowed: known.joined(separator: ", "),
            nearestName(to: member.key, among: known))
    }

    package mutating func refuseRepeated(_ member: JSONTree.Member, first: Int, at path: String) {
        append(
            member.keyOffset, path, found: "the key again, after line \(lines.place(of: first).line)",
            allowed: "each key once")
    }

    package mutating func refuseMissing(_ object: JSONTree, at path: String, allowed shape: Shape) {
        append(object.offset, path, found: "nothing", allowed: shape.allowed + ", and it is required")
    }

    /// What a rule objects to; it stands at the path, or at the object where the path holds its default.
    package mutating func refuse(in object: JSONTree, at path: String, found: String, allowed: String) {
        append(places[path] ?? object.offset, path, found: found, allowed: allowed)
    }

    /// What is said of a part of an object after the whole was read. It stands at the nearest place that is
    /// known: the part, or else what it would be in.
    package mutating func refuse(
        inside path: String, _ key: String, found: String, allowed: String, _ nearest: String?
    ) {
        let whole = pathInside(path, key)
        var place = whole[...]
        while places[String(place)] == nil, let end = place.lastIndex(where: { $0 == "." || $0 == "[" }) {
            place = place[..<end]
        }
        append(places[String(place)] ?? 0, whole, found: found, allowed: allowed, nearest)
    }

    private mutating func append(
        _ offset: Int, _ path: String, found: String, allowed: String, _ nearest: String? = nil
    ) {
        count += 1
        guard refusals.count < Self.reportedRefusals else { return }
        let (line, column) = lines.place(of: offset)
        let refusal = DocumentRefusal(
            path: path, line: line, column: column, found: found, allowed: allowed, nearest: nearest)
        refusals.append((offset, refusal))
    }
}
