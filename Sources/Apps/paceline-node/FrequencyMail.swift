// How the shards of a node tell one another what viewers are shown: each has a ring that all others read before they
// decide.
import Features
import Reactor

/// What goes from one shard to all others.
struct FrequencyMessage: BitwiseCopyable, Sendable {
    enum Kind: UInt8, BitwiseCopyable, Sendable {
        case event
        /// The first shard begins to write all counters into its journal: what others write from here on is needed.
        case rewriteBegan
        /// It has, so that what they wrote before it began is not.
        case rewriteEnded
    }

    var kind: Kind
    var event: FrequencyEvent
}

/// Shared by all shards; each uses its own number.
final class FrequencyMail: Sendable {
    /// At a hundred thousand ads a second, a shard that reads ten times a second is 10,000 behind.
    private static let room = 16_384

    private let rings: [Broadcast<FrequencyMessage>]

    init(shards: Int) {
        rings = (0..<shards).map { _ in Broadcast(capacity: Self.room, readers: shards - 1) }
    }

    /// False where some shard is too far behind: the message is lost to all.
    func tell(_ message: FrequencyMessage, from shard: Int) -> Bool { rings[shard].tell(message) }

    /// What the others have said since this shard last read.
    func read(as shard: Int, _ body: (FrequencyMessage) -> Void) {
        for writer in rings.indices where writer != shard {
            // A ring has no reader's place for its writer.
            let reader = shard < writer ? shard : shard - 1
            while let message = rings[writer].next(for: reader) { body(message) }
        }
    }
}
