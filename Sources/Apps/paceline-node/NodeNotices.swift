// What all shards of a node share to take notices: the keys, where addresses lead, and the way to the shard whose
// ads a notice is about.
import Commands
import Decision
import Digests
import Kernel
import Notices
import Reactor
import Settings
import Synchronization
import Units

/// A notice that was verified, on its way to the shard that counts it.
struct TakenNotice: Sendable {
    var event: NoticeEvent
    var notice: Notice
    var price: NoticePrice
    /// Of a loss, or of an error, as the sender wrote it; 0 for none.
    var reason: UInt32
    /// Of a bill: who waits for its record to be durable.
    var answer: BillAnswer?
}

/// Used by any thread.
final class NodeNotices: Sendable {
    /// Notices on the way to one shard: a tenth of a second of a busy node's, while the shard is in a long turn.
    private static let inboxMost = 4_096

    /// One shard's, for what other shards have for it.
    final class Inbox<Message: Sendable>: Sendable {
        let mailbox = Mailbox<Message>(capacity: NodeNotices.inboxMost)
        /// Set once, before the shard serves; asked for at most once for each turn of the shard.
        private let waking = Mutex<(remote: ReactorRemote, wake: @Sendable (Reactor) -> Void)?>(nil)

        func attach(_ remote: ReactorRemote, _ wake: @escaping @Sendable (Reactor) -> Void) {
            waking.withLock { $0 = (remote, wake) }
        }

        /// False where it is full.
        func put(_ message: Message) -> Bool {
            guard mailbox.put(message) else { return false }
            if mailbox.wantsWaking() {
                let isWoken = waking.withLock { $0.map { $0.remote.post($0.wake) } ?? false }
                if !isWoken { mailbox.wasNotWoken() }
            }
            return true
        }
    }

    let settings: NoticeSettings
    let keys: NoticeKeys
    let seal: PriceSeal?
    let inboxes: [Inbox<TakenNotice>]
    /// What became of bills that were handed to other shards.
    let answers: [Inbox<ToldBill>]
    /// What earlier starts have counted.
    let recall: NoticeRecall

    init(_ settings: NoticeSettings, shards: Int) throws(Failure) {
        self.settings = settings
        keys = try NodeNotices.keys(settings)
        seal = try settings.priceKeyFile.map { path throws(Failure) in try NodeNotices.seal(path) }
        inboxes = (0..<shards).map { _ in Inbox() }
        answers = (0..<shards).map { _ in Inbox() }
        recall = NoticeRecall(lifetime: settings.lifetime, at: Kernel.wallNow())
    }

    /// The shards have taken what they need.
    func forget() { recall.removeAll() }

    /// What a shard's decisions write into their answers.
    func addresses(shard: Int) -> NoticeAddresses {
        guard
            let addresses = NoticeAddresses(
                base: settings.baseURL, keyID: keys.signing.id, lifetime: settings.lifetime,
                isBilledByImpression: settings.billedBy == .impression)?
                .signed(with: keys.signing, shard: UInt8(shard))
        else { preconditionFailure("the settings let pass what no address can have") }
        return addresses
    }

    /// Whose ads a notice is about. Of a start with more shards, another one has taken over.
    func owner(of notice: Notice) -> Int { Int(notice.shard) % inboxes.count }

    // MARK: Files

    /// The keys on disk, with a new one where they are too old; made where there are none.
    private static func keys(_ settings: NoticeSettings) throws(Failure) -> NoticeKeys {
        let path = settings.keyFile
        let now = Kernel.wallNow()
        let isThere: Bool
        do {
            _ = try Kernel.stamp(of: path)
            isThere = true
        } catch {
            guard error == .noSuchFile else {
                throw Failure("notices.keyFile: \(path): could not be looked at: \(error)")
            }
            isThere = false
        }
        let made: NoticeKeys
        if isThere {
            let keys: NoticeKeys
            do { keys = try NoticeKeyFile.read(path) } catch {
                throw Failure("notices.keyFile: \(error.message)")
            }
            guard now - keys.signing.made > settings.keyAge else { return keys }
            made = keys.rotated(with: newKey(at: now), keepingFor: settings.keyAge)
        } else {
            guard let keys = NoticeKeys([newKey(at: now)]) else { preconditionFailure("one key is a ring") }
            made = keys
        }
        do {
            try Kernel.replace(path, with: Array(made.text.utf8), mode: 0o600)
        } catch {
            throw Failure("notices.keyFile: \(error)")
        }
        return made
    }

    private static func newKey(at now: Instant) -> NoticeKey {
        var numbers = SystemRandomNumberGenerator()
        let secret = (0..<NoticeKey.byteCount).map { _ in UInt8.random(in: 0...255, using: &numbers) }
        guard let key = NoticeKey(secret: secret.span.bytes, made: now) else {
            preconditionFailure("a secret of the right length is a key")
        }
        return key
    }

    /// Two lines: the key for encryption, and the key for integrity.
    private static func seal(_ path: String) throws(Failure) -> PriceSeal {
        let bytes = try InputFile.read(path, limit: 4_096)
        let lines = bytes.split(separator: UInt8(ascii: "\n"))
        guard lines.count == 2, let encryption = base64(lines[0]), let integrity = base64(lines[1]) else {
            throw Failure(
                "notices.priceKeyFile: \(path): found something else; allowed two lines in Base64, for encryption and for integrity"
            )
        }
        return PriceSeal(encryptionKey: encryption.span.bytes, integrityKey: integrity.span.bytes)
    }

    /// In either alphabet, as exchanges give their keys.
    private static func base64(_ line: ArraySlice<UInt8>) -> [UInt8]? {
        let text = line.filter { $0 != 0x20 && $0 != 0x0D }.map { byte in
            byte == UInt8(ascii: "+")
                ? UInt8(ascii: "-") : byte == UInt8(ascii: "/") ? UInt8(ascii: "_") : byte
        }
        var key = [UInt8](repeating: 0, count: text.count)
        var room = key.mutableSpan
        guard let count = Base64URL.decode(text.span.bytes, into: &room, allowsPadding: true), count >= 16
        else { return nil }
        return Array(key[..<count])
    }
}
