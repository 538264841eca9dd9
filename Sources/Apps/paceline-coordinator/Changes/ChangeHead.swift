// What the head of a request says of a change: what it is meant for, under which key it is made once, and why.
import HTTP
import Serving

struct ChangeHead {
    let condition: ChangeCondition
    /// Nil where whoever asked gave none.
    let key: String?
    let note: String

    static let keyBytesMost = 128
    static let noteBytesMost = 1_024

    init(_ request: borrowing Request) throws(Malformed) {
        condition = try ChangeCondition(request)
        key = request.text("idempotency-key")
        if let key, !(1...Self.keyBytesMost).contains(key.utf8.count) {
            throw Malformed(place: "Idempotency-Key", allowed: "a text of 1 to \(Self.keyBytesMost) bytes")
        }
        note = request.text("paceline-note") ?? ""
        guard note.utf8.count <= Self.noteBytesMost, note.unicodeScalars.allSatisfy({ $0.value >= 32 }) else {
            throw Malformed(place: "Paceline-Note", allowed: "a line of at most \(Self.noteBytesMost) bytes")
        }
    }
}

extension ChangeCondition {
    init(_ request: borrowing Request) throws(Malformed) {
        let (match, noneMatch) = (request.text("if-match"), request.text("if-none-match"))
        switch (match, noneMatch) {
        case (nil, nil): self = .nothing
        case (nil, "*"): self = .absent
        case (nil, _?): throw Malformed(place: "If-None-Match", allowed: "*")
        case ("*", nil): self = .present
        case (let tag?, nil):
            guard tag.utf8.count > 2, tag.hasPrefix("\""), tag.hasSuffix("\""),
                let version = Int64(tag.dropFirst().dropLast()), version > 0
            else {
                throw Malformed(
                    place: "If-Match", allowed: "an ETag as it was answered, such as \"12\", or *")
            }
            self = .version(version)
        case (_?, _?):
            throw Malformed(place: "If-None-Match", allowed: "nothing beside an If-Match")
        }
    }
}
