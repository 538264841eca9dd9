// What must not be removed yet: a reader that still needs records holds them by a pin, whatever retention says.
import Synchronization

/// The pins of one journal. May be shared with any thread.
public final class JournalPins: Sendable {
    /// A handful of readers: shipping, a replay, an operator's export.
    static let pinsMost = 64

    private let pins = Mutex<[UInt64?]>([])

    /// Keeps every record from this sequence number on. Nil where too many are held already.
    public func pin(from sequence: UInt64) -> JournalPin? {
        pins.withLock { pins in
            if let free = pins.firstIndex(of: nil) {
                pins[free] = sequence
                return JournalPin(index: free)
            }
            guard pins.count < Self.pinsMost else { return nil }
            pins.append(sequence)
            return JournalPin(index: pins.count - 1)
        }
    }

    /// What is before this sequence number is no longer needed.
    public func advance(_ pin: JournalPin, to sequence: UInt64) {
        pins.withLock { $0[pin.index] = max($0[pin.index] ?? sequence, sequence) }
    }

    public func release(_ pin: JournalPin) {
        pins.withLock { $0[pin.index] = nil }
    }

    /// The first record that anybody needs.
    var oldest: UInt64? { pins.withLock { $0.compactMap(\.self).min() } }
}

public struct JournalPin: Sendable { let index: Int }
