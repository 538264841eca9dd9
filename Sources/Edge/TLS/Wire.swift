// What OpenSSL believes to be its socket: a BIO that reads ciphertext from the caller's buffer and writes it
// into the caller's buffer, both lent for one call only. It opens no socket and keeps bytes only where a
// buffer ran out.
import COpenSSL

/// A region that a session writes ciphertext into. The caller owns the memory and sends what is `written`.
public struct TLSOutput {
    private let region: UnsafeMutableRawBufferPointer
    /// Bytes of the region that are filled.
    public private(set) var count = 0

    public init(_ region: UnsafeMutableRawBufferPointer) { self.region = region }

    public var room: Int { region.count - count }
    public var written: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: region[..<count]) }

    var free: UnsafeMutableRawBufferPointer { UnsafeMutableRawBufferPointer(rebasing: region[count...]) }
    mutating func advance(_ bytes: Int) { count += bytes }
}

/// One connection's two directions. Lives at a fixed address, because OpenSSL holds it.
struct Wire {
    /// Ciphertext that found no room: one record, a handshake's flight with a long chain, or answers to key
    /// updates.
    static let spillLimit = 256 * 1024

    private var input = UnsafeRawBufferPointer(start: nil, count: 0)
    private var output = UnsafeMutableRawBufferPointer(start: nil, count: 0)
    private var filled = 0
    private(set) var spill = ByteQueue()
    private(set) var carried = ByteQueue()
    /// Ciphertext that OpenSSL has taken.
    private(set) var taken = 0
    /// The spill's limit was reached.
    private(set) var hasOverflowed = false
    /// The very first byte of the connection, zero until there is one.
    private(set) var firstByte: UInt8 = 0

    /// Room for ciphertext in the output that is lent.
    var room: Int { output.count - filled }
    var hasInput: Bool { !input.isEmpty || !carried.isEmpty }

    /// Lends both buffers for the length of one call. Older output goes first.
    mutating func lend(_ input: UnsafeRawBufferPointer, _ output: inout TLSOutput) {
        drain(&output)
        self.input = input
        self.output = output.free
        filled = 0
    }

    mutating func takeBack(_ input: inout UnsafeRawBufferPointer, _ output: inout TLSOutput) {
        input = self.input
        output.advance(filled)
        self.input = UnsafeRawBufferPointer(start: nil, count: 0)
        self.output = UnsafeMutableRawBufferPointer(start: nil, count: 0)
    }

    /// Moves waiting ciphertext to the region.
    mutating func drain(_ output: inout TLSOutput) {
        if !spill.isEmpty { output.advance(spill.take(into: output.free)) }
    }

    mutating func keep(_ rest: UnsafeRawBufferPointer, limit: Int) -> Bool {
        carried.append(rest, limit: limit)
    }

    mutating func pull(into target: UnsafeMutableRawBufferPointer) -> Int {
        var moved = carried.take(into: target)
        let direct = min(input.count, target.count - moved)
        if direct > 0 {
            UnsafeMutableRawBufferPointer(rebasing: target[moved...])
                .copyMemory(from: UnsafeRawBufferPointer(rebasing: input[..<direct]))
            input = UnsafeRawBufferPointer(rebasing: input[direct...])
            moved += direct
        }
        if taken == 0, moved > 0 { firstByte = target[0] }
        taken &+= moved
        return moved
    }

    /// Takes all of it or, at the limit, nothing: OpenSSL never has to repeat a write.
    mutating func push(_ bytes: UnsafeRawBufferPointer) -> Bool {
        // Bytes wait only while there is no room, so none can be overtaken here.
        let direct = min(bytes.count, room)
        if direct < bytes.count {
            let rest = UnsafeRawBufferPointer(rebasing: bytes[direct...])
            guard spill.append(rest, limit: Wire.spillLimit) else {
                hasOverflowed = true
                return false
            }
        }
        if direct > 0 {
            UnsafeMutableRawBufferPointer(rebasing: output[filled...])
                .copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[..<direct]))
            filled += direct
        }
        return true
    }

    mutating func free() {
        spill.free()
        carried.free()
    }
}

extension Wire {
    /// A BIO over the wire at this address, nil where memory is short.
    static func bio(over wire: UnsafeMutablePointer<Wire>) -> OpaquePointer? {
        guard let bio = BIO_new(method) else { return nil }
        BIO_set_data(bio, wire)
        BIO_set_init(bio, 1)
        return bio
    }

    /// Made once and never freed. Written before anyone reads it, read-only ever after.
    nonisolated(unsafe) private static let method: OpaquePointer? = {
        let method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "paceline wire")
        BIO_meth_set_read_ex(method) { bio, buffer, count, moved in
            guard let wire = BIO_get_data(bio)?.assumingMemoryBound(to: Wire.self), let moved else {
                return 0
            }
            let target = UnsafeMutableRawBufferPointer(start: buffer, count: count)
            moved.pointee = wire.pointee.pull(into: target)
            BIO_clear_flags(bio, BIO_FLAGS_READ | BIO_FLAGS_SHOULD_RETRY)
            if moved.pointee > 0 { return 1 }
            BIO_set_flags(bio, BIO_FLAGS_READ | BIO_FLAGS_SHOULD_RETRY)
            return -1
        }
        BIO_meth_set_write_ex(method) { bio, buffer, count, moved in
            guard let wire = BIO_get_data(bio)?.assumingMemoryBound(to: Wire.self), let moved else {
                return 0
            }
            let bytes = UnsafeRawBufferPointer(start: buffer, count: count)
            moved.pointee = wire.pointee.push(bytes) ? count : 0
            return moved.pointee == count ? 1 : 0
        }
        // Flushing is the caller's sending; every other request (kernel TLS, end of file) is answered with
        // no.
        BIO_meth_set_ctrl(method) { _, command, _, _ in command == BIO_CTRL_FLUSH ? 1 : 0 }
        return method
    }()
}
