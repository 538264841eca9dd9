// Finding keys that appear twice in one object, in time that grows with n log n whatever the document.

enum JSONDuplicates {
    /// A key as it is compared: its object, a hash of what it means, and its token.
    private struct Entry: Comparable {
        var object: Int
        var hash: UInt64
        var token: Int

        static func < (a: Entry, b: Entry) -> Bool {
            (a.object, a.hash, a.token) < (b.object, b.hash, b.token)
        }
    }

    static func refuse(in tokens: JSONTokens) throws(JSONError) {
        var entries: [Entry] = []
        // The token of each open bracket.
        var open: [Int] = []
        var token = 0
        while tokens.kind(token) != TokenKind.boundary {
            switch tokens.kind(token) {
            case UInt8(ascii: "{"), UInt8(ascii: "["): open.append(token)
            case UInt8(ascii: "}"), UInt8(ascii: "]"): open.removeLast()
            case UInt8(ascii: "\""):
                if tokens.kind(token + 2) == UInt8(ascii: ":"), let object = open.last {
                    entries.append(Entry(object: object, hash: hash(tokens, token), token: token))
                }
                token += 1
            default: break
            }
            token += 1
        }
        entries.sort()
        var first: Int?
        for i in entries.indices.dropFirst() {
            let key = entries[i]
            // All keys of one object with one hash stand together: seldom more than one.
            var j = i - 1
            while j >= 0, entries[j].object == key.object, entries[j].hash == key.hash {
                if isSame(tokens, entries[j].token, key.token) {
                    first = min(first ?? .max, tokens.position(key.token))
                    break
                }
                j -= 1
            }
        }
        if let first { throw JSONError(.duplicateKey, at: first) }
    }

    /// Seeded anew in each process, so that nobody can write many keys with one hash.
    private static func hash(_ tokens: JSONTokens, _ token: Int) -> UInt64 {
        var hasher = Hasher()
        var bytes = JSONString(tokens: tokens, token: token).bytes
        while let byte = bytes.next() { hasher.combine(byte) }
        return UInt64(bitPattern: Int64(hasher.finalize()))
    }

    private static func isSame(_ tokens: JSONTokens, _ a: Int, _ b: Int) -> Bool {
        var a = JSONString(tokens: tokens, token: a).bytes
        var b = JSONString(tokens: tokens, token: b).bytes
        while let byte = a.next() {
            guard b.next() == byte else { return false }
        }
        return b.next() == nil
    }
}
