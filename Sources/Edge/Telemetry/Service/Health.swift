// Whether the process lives and whether it should be given work, as its parts report it. For /healthz and
// /readyz.
import JSON
import Synchronization

/// The state of one part of the process.
public enum PartHealth: Equatable, Sendable {
    case ready
    /// Ready, with something that people should look at: what was refused while the last good one serves.
    case notice(String)
    /// Alive, but no work should come; the reason is for people.
    case notReady(String)
    /// Beyond its own repair: only a restart helps.
    case failed(String)
}

/// What the parts of a process say about themselves. Any thread may set and read it.
public final class Health: Sendable {
    /// Parts are named by the program, not by its input.
    static let partsMost = 64

    private let parts: Mutex<[HealthReport.Part]>
    private let taken = Atomic<Int>(1_000)

    /// How much of what it could take it is to get, in thousandths, for those who weigh: a region that comes back gets more by and by.
    public var share: Int {
        get { taken.load(ordering: .relaxed) }
        set { taken.store(newValue, ordering: .relaxed) }
    }

    /// Not ready until each of these has said that it is.
    public init(awaiting names: [String]) {
        precondition(
            names.count <= Self.partsMost && Set(names).count == names.count, "parts have names of their own")
        parts = Mutex(names.map { HealthReport.Part(name: $0, health: .notReady("has not reported yet")) })
    }

    public func set(_ name: String, _ health: PartHealth) {
        parts.withLock { parts in
            if let index = parts.firstIndex(where: { $0.name == name }) {
                parts[index].health = health
            } else {
                precondition(parts.count < Self.partsMost, "more than \(Self.partsMost) parts report health")
                parts.append(HealthReport.Part(name: name, health: health))
            }
        }
    }

    public func report() -> HealthReport { HealthReport(parts: parts.withLock { $0 }) }
}

/// The parts' health at one moment.
public struct HealthReport: Sendable, Equatable {
    public struct Part: Sendable, Equatable {
        public let name: String
        public fileprivate(set) var health: PartHealth
    }

    /// The two questions that load balancers and supervisors ask.
    public enum Question: Sendable {
        /// `/healthz`: is a restart needed?
        case live
        /// `/readyz`: may work come?
        case ready
    }

    public let parts: [Part]

    public var isLive: Bool { reasons(against: .live).isEmpty }
    public var isReady: Bool { reasons(against: .ready).isEmpty }

    /// Why the answer is no, by part; empty where it is yes.
    public func reasons(against question: Question) -> [(part: String, reason: String)] {
        parts.compactMap { part in
            switch (part.health, question) {
            case (.failed(let reason), _), (.notReady(let reason), .ready): (part.name, reason)
            case (.ready, _), (.notice, _), (.notReady, .live): nil
            }
        }
    }

    /// What people should look at although the answer is yes, by part.
    public var notices: [(part: String, notice: String)] {
        parts.compactMap { part in
            if case .notice(let notice) = part.health { (part.name, notice) } else { nil }
        }
    }

    /// `ok`, or a line for each reason.
    public func text(_ question: Question) -> [UInt8] {
        let reasons = reasons(against: question)
        var text: [UInt8] = []
        if reasons.isEmpty { text.append(text: "ok\n") }
        for (part, reason) in reasons {
            text.append(visible: part, limit: Self.reasonBytesMost)
            text.append(text: ": ")
            text.append(visible: reason, limit: Self.reasonBytesMost)
            text.append(text: "\n")
        }
        return text
    }

    /// `{"ok":false,"reasons":[{"part":"drain","reason":"stopping"}]}`, and `notices` where there are any.
    public func json(_ question: Question) -> [UInt8] {
        let reasons = reasons(against: question)
        let notices = question == .ready ? notices : []
        // A byte takes six at the most (\u00XX), and the frame of a reason 32.
        let size =
            128 + reasons.reduce(0) { $0 + 32 + 6 * ($1.part.utf8.count + $1.reason.utf8.count) }
            + notices.reduce(0) { $0 + 32 + 6 * ($1.part.utf8.count + $1.notice.utf8.count) }
        var bytes = [UInt8](repeating: 0, count: size)
        var span = bytes.mutableSpan
        let length: Int
        do {
            length = try Self.write(reasons, notices, into: span.mutableBytes)
        } catch {
            preconditionFailure("a health report of \(size) bytes was not enough: \(error)")
        }
        bytes.removeLast(size - length)
        return bytes
    }

    /// A reason is a sentence.
    private static let reasonBytesMost = 512

    private static func write(
        _ reasons: [(part: String, reason: String)], _ notices: [(part: String, notice: String)],
        into buffer: consuming MutableRawSpan
    ) throws(JSONError) -> Int {
        var json = JSONWriter(buffer)
        json.beginObject()
        json.field("ok", reasons.isEmpty)
        json.key("reasons")
        json.beginArray()
        for (part, reason) in reasons {
            json.beginObject()
            json.field("part", part)
            json.field("reason", reason)
            json.endObject()
        }
        json.endArray()
        if !notices.isEmpty {
            json.key("notices")
            json.beginArray()
            for (part, notice) in notices {
                json.beginObject()
                json.field("part", part)
                json.field("notice", notice)
                json.endObject()
            }
            json.endArray()
        }
        json.endObject()
        return try json.finish()
    }
}
