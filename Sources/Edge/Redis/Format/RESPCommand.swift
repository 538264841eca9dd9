// Commands as they are sent: arrays of strings, which both versions of the protocol read.
import Units

/// The bytes of some commands, one behind the other.
public struct RESPCommands: Sendable {
    public private(set) var bytes: [UInt8] = []
    public private(set) var count = 0

    public init() {}

    public mutating func removeAll() {
        bytes.removeAll(keepingCapacity: true)
        count = 0
    }

    /// A command of so many words, which follow.
    public mutating func begin(words: Int) {
        put(UInt8(ascii: "*"), words)
        count += 1
    }

    public mutating func word(_ text: String) {
        put(UInt8(ascii: "$"), text.utf8.count)
        bytes.append(contentsOf: text.utf8)
        end()
    }

    public mutating func word(_ content: RawSpan) {
        put(UInt8(ascii: "$"), content.byteCount)
        for at in 0..<content.byteCount { bytes.append(content.byte(at)) }
        end()
    }

    public mutating func command(_ words: String...) {
        begin(words: words.count)
        for text in words { word(text) }
    }

    private mutating func put(_ type: UInt8, _ number: Int) {
        bytes.append(type)
        bytes.append(contentsOf: String(number).utf8)
        end()
    }

    private mutating func end() {
        bytes.append(0x0D)
        bytes.append(0x0A)
    }
}
