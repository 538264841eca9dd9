// What a driver reports: something that was asked for has happened. The same words for io_uring and epoll.

import Kernel

/// Names one operation in flight: what it was, and whose. Eight bytes that travel through the kernel and
/// back.
struct Token: Equatable {
    let bits: UInt64

    enum Kind: UInt8 {
        case accept, receive, send, connect, wake, write, synchronise, cancel, watch
    }

    @inline(__always)
    init(_ kind: Kind, _ index: Int, generation: UInt32 = 0) {
        bits =
            UInt64(kind.rawValue) << 56 | UInt64(generation & Token.generations) << 32 | UInt64(UInt32(index))
    }

    @inline(__always)
    init(bits: UInt64) { self.bits = bits }

    /// Generations wrap here. A slot is only reused when nothing of it is in flight, so a stale token can
    /// only come from a defect; the generation turns it into a trap instead of another peer's bytes.
    static let generations: UInt32 = 0xFF_FFFF

    @inline(__always) var kind: Kind {
        guard let kind = Kind(rawValue: UInt8(truncatingIfNeeded: bits >> 56)) else {
            preconditionFailure("a completion came back with a token that nobody gave: \(bits)")
        }
        return kind
    }
    @inline(__always) var index: Int { Int(UInt32(truncatingIfNeeded: bits)) }
    @inline(__always) var generation: UInt32 { UInt32(truncatingIfNeeded: bits >> 32) & Token.generations }
}

/// One operation's outcome.
struct Completion {
    var token: Token
    /// A count or descriptor, or a negative errno.
    var result: Int32
    /// Whether the operation goes on: accepts and receives repeat until they say otherwise.
    var more: Bool
    /// Received bytes: only valid until the next completion is taken.
    var bytes = UnsafeRawBufferPointer(start: nil, count: 0)

    var failure: Errno? { result < 0 ? Errno(-result) : nil }
}
