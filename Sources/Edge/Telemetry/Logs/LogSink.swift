// Where log lines go, and how they get there without making a shard wait.
import Glibc
public import Kernel
import Units

/// What lines look like.
public enum LogFormat: String, CaseIterable, Sendable {
    /// The journal where stderr leads there, readable lines otherwise.
    case automatic
    case readable, json, journal
}

/// An open way out. Each line is one write that finds room at once or is dropped, and the log counts what it
/// drops. A pipe without a reader ends a process that does not ignore SIGPIPE; `Kernel.block(signals:)` does.
public struct LogSink: Sendable {
    enum Style: Sendable {
        case readable(ReadableLine)
        case json
        case journal(JournalEntry)
    }

    /// How a descriptor is written to without waiting.
    enum Outlet: Sendable {
        /// The descriptor itself does not block: our own opening of a pipe or terminal. Others who share the
        /// one that we were given keep its mode.
        case unblocking(Descriptor)
        /// A pipe that may not be opened anew: asked for room first. Another writer may take the room in
        /// between, and then the line waits.
        case asked(Descriptor)
        /// A file takes what it is given; the disk is behind the page cache.
        case file(Descriptor)
        case stream(Descriptor)
        case datagram(Descriptor, LocalAddress)
    }

    let style: Style
    let outlet: Outlet

    static let journalSocket = "/run/systemd/journal/socket"

    /// The sink for this process: stderr, or the journal behind it. Opened once, for the life of the process.
    public static func standardError(
        identifier: String, format: LogFormat = .automatic,
        environment: (String) -> String? = Kernel.environment
    ) -> LogSink {
        let toJournal =
            format == .journal
            || format == .automatic && isJournal(STDERR_FILENO, environment("JOURNAL_STREAM"))
        // A container may inherit the variable without the journal's socket; its stderr still leads
        // somewhere.
        if toJournal, (try? Kernel.stamp(of: journalSocket)) != nil,
            let sink = try? journal(at: journalSocket, identifier: identifier)
        {
            return sink
        }
        let noColour = environment("NO_COLOR").map { !$0.isEmpty } ?? false
        let colour = Kernel.isTerminal(STDERR_FILENO) && !noColour
        return LogSink(
            style: format == .json ? .json : .readable(ReadableLine(colour: colour)),
            outlet: outlet(to: STDERR_FILENO))
    }

    /// Lines into any descriptor, which must stay open.
    public static func descriptor(_ descriptor: Descriptor, json: Bool) -> LogSink {
        LogSink(
            style: json ? .json : .readable(ReadableLine(colour: false)), outlet: outlet(to: descriptor))
    }

    /// Entries to a journald that listens at this path.
    public static func journal(at path: String, identifier: String) throws(Errno) -> LogSink {
        guard let address = LocalAddress(path) else { throw Errno(EINVAL) }
        let socket = try Kernel.datagramSocket(sendTimeout: .zero)
        return LogSink(
            style: .journal(JournalEntry(identifier: identifier)), outlet: .datagram(socket, address))
    }

    /// systemd sets JOURNAL_STREAM to the device and inode of the stream that leads to the journal; a child
    /// whose stderr was redirected since then has another.
    static func isJournal(_ descriptor: Descriptor, _ variable: String?) -> Bool {
        guard let variable, let stamp = try? Kernel.stamp(of: descriptor) else { return false }
        return variable == "\(stamp.device):\(stamp.inode)"
    }

    private static func outlet(to descriptor: Descriptor) -> Outlet {
        switch try? Kernel.stamp(of: descriptor).kind {
        case .file: return .file(descriptor)
        case .socket: return .stream(descriptor)
        default:
            let path = "/proc/self/fd/\(descriptor)"
            guard let own = try? Kernel.open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY) else {
                return .asked(descriptor)
            }
            return .unblocking(own)
        }
    }

    /// False where the line was not written whole.
    func write(_ record: LogRecord) -> Bool {
        let rendered: [UInt8]? =
            switch style {
            case .readable(let line): line.render(record)
            case .json: JSONLine.render(record)
            case .journal(let entry): entry.render(record)
            }
        guard let rendered else { return false }
        let written = rendered.withUnsafeBytes { bytes in
            switch outlet {
            case .unblocking(let descriptor), .file(let descriptor): Kernel.write(descriptor, bytes)
            case .asked(let descriptor): Kernel.isWritable(descriptor) ? Kernel.write(descriptor, bytes) : 0
            case .stream(let descriptor): Kernel.sendNow(descriptor, bytes)
            case .datagram(let socket, let address): Kernel.send(socket, bytes, to: address)
            }
        }
        return written == rendered.count
    }
}
