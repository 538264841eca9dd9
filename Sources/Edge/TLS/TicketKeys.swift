// The keys that seal session tickets. All shards share one ring of keys, and contexts made after a reload get
// the same ring, so that a client may resume on any of them. Keys live in memory only: a restart forgets
// them.
import COpenSSL
import Kernel
import Synchronization
public import Units

public final class TicketKeys: Sendable {
    /// How long one key seals tickets. It then opens older tickets for as long again, which is more than
    /// `TLSContext.ticketLifetimeSeconds`; who steals the memory can read no further back than two of these.
    public static let rotation = Interval.seconds(12 * 3600)

    private struct Ring {
        var current = TicketKey()
        var previous: TicketKey?
        var since = Kernel.monotonicNow()

        mutating func rotate(at now: Instant) {
            previous = current
            current = TicketKey()
            since = now
        }
    }

    private let ring = Mutex(Ring())

    public init() {}

    /// Puts a new key in place at once. By itself this happens when the current one has sealed for long
    /// enough.
    public func rotate() {
        ring.withLock { $0.rotate(at: Kernel.monotonicNow()) }
    }

    /// The key to seal with. Taken once per full handshake.
    private func sealing() -> TicketKey {
        ring.withLock { ring in
            let now = Kernel.monotonicNow()
            if now - ring.since > TicketKeys.rotation { ring.rotate(at: now) }
            return ring.current
        }
    }

    private func opening(_ name: UnsafePointer<UInt8>) -> (key: TicketKey, isCurrent: Bool)? {
        ring.withLock { ring in
            if ring.current.isNamed(name) { return (ring.current, true) }
            if let previous = ring.previous, previous.isNamed(name) { return (previous, false) }
            return nil
        }
    }

    /// OpenSSL's ticket callback: below 0 on an error, 0 for a ticket of no known key, 1 to go on, 2 to go on
    /// and hand out a new ticket.
    func seal(
        _ name: UnsafeMutablePointer<UInt8>, _ iv: UnsafeMutablePointer<UInt8>, _ cipher: OpaquePointer,
        _ mac: OpaquePointer
    ) -> Int32 {
        let key = sealing()
        key.copyName(to: name)
        guard RAND_bytes(iv, TicketKey.ivBytes) == 1,
            EVP_EncryptInit_ex2(cipher, TicketKey.cipher, key.cipherKey, iv, nil) == 1, key.start(mac)
        else { return -1 }
        return 1
    }

    /// - Parameter renewing: hand out another ticket in any case.
    func open(
        _ name: UnsafeMutablePointer<UInt8>, _ iv: UnsafeMutablePointer<UInt8>, _ cipher: OpaquePointer,
        _ mac: OpaquePointer, renewing: Bool
    ) -> Int32 {
        guard let (key, isCurrent) = opening(name) else { return 0 }
        guard key.start(mac), EVP_DecryptInit_ex2(cipher, TicketKey.cipher, key.cipherKey, iv, nil) == 1
        else { return -1 }
        return isCurrent && !renewing ? 1 : 2
    }
}

/// One key: a name that goes into the ticket in the clear, and two secrets. Immutable, wiped when it goes.
private final class TicketKey: @unchecked Sendable {
    static let nameBytes = 16
    static let cipherKeyBytes = 32
    static let macKeyBytes = 32
    static let ivBytes: Int32 = 16

    /// Fetched once: OpenSSL would look it up by name at each handshake.
    nonisolated(unsafe) static let cipher = EVP_CIPHER_fetch(nil, "AES-256-CBC", nil)

    private let memory: UnsafeMutablePointer<UInt8>
    private static let byteCount = nameBytes + cipherKeyBytes + macKeyBytes

    init() {
        memory = .allocate(capacity: TicketKey.byteCount)
        let filled = RAND_priv_bytes(memory, Int32(TicketKey.byteCount))
        precondition(filled == 1, "the random generator gave nothing: tickets cannot be sealed safely")
    }

    deinit {
        OPENSSL_cleanse(memory, TicketKey.byteCount)
        memory.deallocate()
    }

    var cipherKey: UnsafePointer<UInt8> { UnsafePointer(memory + TicketKey.nameBytes) }
    private var macKey: UnsafeMutablePointer<UInt8> {
        memory + TicketKey.nameBytes + TicketKey.cipherKeyBytes
    }

    func copyName(to name: UnsafeMutablePointer<UInt8>) {
        name.update(from: memory, count: TicketKey.nameBytes)
    }

    /// Names are public, so this need not take constant time.
    func isNamed(_ name: UnsafePointer<UInt8>) -> Bool {
        (0..<TicketKey.nameBytes).allSatisfy { memory[$0] == name[$0] }
    }

    func start(_ mac: OpaquePointer) -> Bool {
        openssl_mac_start(mac, macKey, TicketKey.macKeyBytes) == 1
    }
}
