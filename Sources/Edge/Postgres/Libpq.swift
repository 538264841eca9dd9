// The thin door to libpq: one connection of it, without any decision. Nothing here waits.
import CPostgres
import Kernel

final class Libpq {
    /// What `PQconnectPoll` wants next.
    enum Progress { case wantsRead, wantsWrite, done, failed }

    private let connection: OpaquePointer
    /// Called from inside whatever reads. Set once, before the first question.
    var onNotice: (PostgresError) -> Void = { _ in }

    /// Begins to connect; nil where there is no memory.
    init?(_ options: PostgresOptions) {
        let parameters = Libpq.parameters(options)
        var names: [UnsafePointer<CChar>?] = parameters.map { UnsafePointer(strdup($0.0)) }
        var values: [UnsafePointer<CChar>?] = parameters.map { UnsafePointer(strdup($0.1)) }
        defer { for text in names + values { free(UnsafeMutablePointer(mutating: text)) } }
        names.append(nil)
        values.append(nil)
        guard let connection = PQconnectStartParams(names, values, 0) else { return nil }
        self.connection = connection
        PQsetNoticeReceiver(
            connection,
            { context, result in
                guard let context, let result else { return }
                let door = Unmanaged<Libpq>.fromOpaque(context).takeUnretainedValue()
                door.onNotice(Libpq.error(of: result))
            }, Unmanaged.passUnretained(self).toOpaque())
    }

    deinit { PQfinish(connection) }

    /// All that libpq would otherwise take from the environment or from files of the user is said here.
    private static func parameters(_ options: PostgresOptions) -> [(String, String)] {
        var all = [
            ("dbname", options.database), ("user", options.user), ("client_encoding", "UTF8"),
            ("application_name", options.application), ("gssencmode", "disable"),
            ("passfile", "/dev/null/none"),
            ("target_session_attrs", "any"), ("connect_timeout", "0"),
            // A peer that is gone without a word is found within 5 s + 3 × 2 s while nothing is asked.
            ("keepalives_idle", "5"), ("keepalives_interval", "2"), ("keepalives_count", "3"),
        ]
        if let password = options.password { all.append(("password", password)) }
        switch options.place {
        case .address(let address):
            all += [("hostaddr", address.host), ("port", "\(address.port)")]
        case .folder(let path, let port): all += [("host", path), ("port", "\(port)")]
        }
        switch options.tls {
        case .off: all.append(("sslmode", "disable"))
        case .verified(let authority, let server):
            all += [("sslmode", "verify-full"), ("sslrootcert", authority), ("host", server)]
            all.append(("ssl_min_protocol_version", "TLSv1.2"))
        }
        // A name that does not exist: else the user's own file would be sent.
        all.append(("sslcert", options.certificate?.chain ?? "/dev/null/none"))
        if let certificate = options.certificate { all.append(("sslkey", certificate.key)) }
        let settings = options.settings.map { "-c \(escaped($0.name))=\(escaped($0.value))" }
        all.append(("options", settings.joined(separator: " ")))
        return all
    }

    /// Spaces and backslashes would part a setting.
    private static func escaped(_ text: String) -> String {
        String(text.flatMap { $0 == " " || $0 == "\\" ? ["\\", $0] : [$0] })
    }

    var descriptor: Descriptor { PQsocket(connection) }
    var isBad: Bool { PQstatus(connection) == CONNECTION_BAD }

    /// What libpq says last, in one line.
    var message: String {
        let text = PQerrorMessage(connection).map { String(cString: $0) } ?? ""
        return text.isEmpty ? "no reason given" : Libpq.oneLine(text)
    }

    private static func oneLine(_ text: String) -> String {
        text.split { $0 == "\n" || $0 == "\t" }.joined(separator: " ")
    }

    func poll() -> Progress {
        switch PQconnectPoll(connection) {
        case PGRES_POLLING_READING: .wantsRead
        case PGRES_POLLING_WRITING: .wantsWrite
        case PGRES_POLLING_OK: .done
        default: .failed
        }
    }

    /// After connecting: from here on nothing waits, and statements travel in pipelines.
    func prepareForPipelines() -> Bool {
        PQsetnonblocking(connection, 1) == 0 && PQenterPipelineMode(connection) == 1
    }

    // MARK: Sending

    func prepare(_ name: String, _ statement: PostgresStatement) -> Bool {
        let types = statement.types.map { Oid($0.rawValue) }
        return PQsendPrepare(connection, name, statement.text, Int32(types.count), types) == 1
    }

    func execute(_ name: String, _ values: [PostgresValue]) -> Bool {
        // All parameters in one piece of memory, and where each begins in it.
        var bytes: [UInt8] = []
        var ends: [Int] = []
        for value in values {
            value.append(to: &bytes)
            ends.append(bytes.count)
        }
        // An empty value needs an address too: without one it would be NULL.
        bytes.append(0)
        return bytes.withUnsafeBytes { memory in
            let base = memory.baseAddress?.assumingMemoryBound(to: CChar.self)
            var starts: [UnsafePointer<CChar>?] = []
            var lengths: [Int32] = []
            var start = 0
            for (value, end) in zip(values, ends) {
                starts.append(value == .null ? nil : base.map { $0 + start })
                lengths.append(Int32(end - start))
                start = end
            }
            let formats = [Int32](repeating: 1, count: values.count)
            return PQsendQueryPrepared(connection, name, Int32(values.count), starts, lengths, formats, 1)
                == 1
        }
    }

    func sendSynchronise() -> Bool { PQpipelineSync(connection) == 1 }

    /// Leaves pipelines for a text of any number of statements, or a COPY; `enterPipelines` goes back.
    func sendScript(_ text: String) -> Bool {
        PQexitPipelineMode(connection) == 1 && PQsendQuery(connection, text) == 1
    }

    func enterPipelines() -> Bool { PQenterPipelineMode(connection) == 1 }

    /// Sends what is queued: true where all has left, nil where the connection is broken.
    func flush() -> Bool? {
        switch PQflush(connection) {
        case 0: true
        case 1: false
        default: nil
        }
    }

    /// A piece of a COPY: false where it does not fit now, nil where the connection is broken.
    func copy(_ bytes: UnsafeRawBufferPointer) -> Bool? {
        let start = bytes.baseAddress?.assumingMemoryBound(to: CChar.self)
        switch PQputCopyData(connection, start, Int32(bytes.count)) {
        case 1: return true
        case 0: return false
        default: return nil
        }
    }

    func endCopy(_ objection: String?) -> Bool? {
        switch PQputCopyEnd(connection, objection) {
        case 1: true
        case 0: false
        default: nil
        }
    }

    // MARK: Receiving

    /// Reads what has come; false where the connection is broken. Answers that came before that are still there.
    func consume() -> Bool { PQconsumeInput(connection) == 1 }
    var isBusy: Bool { PQisBusy(connection) == 1 }

    /// The next result. Only while not busy, as it would wait.
    func nextResult() -> OpaquePointer? { PQgetResult(connection) }

    enum CopyPiece {
        case bytes([UInt8])
        case later
        case over
    }

    func nextCopyPiece() -> CopyPiece {
        var buffer: UnsafeMutablePointer<CChar>?
        let count = PQgetCopyData(connection, &buffer, 1)
        guard count > 0, let buffer else { return count == 0 ? .later : .over }
        defer { PQfreemem(buffer) }
        return .bytes([UInt8](UnsafeRawBufferPointer(start: buffer, count: Int(count))))
    }

    func nextNotification() -> PostgresNotification? {
        guard let notify = PQnotifies(connection) else { return nil }
        defer { PQfreemem(notify) }
        return PostgresNotification(
            channel: String(cString: notify.pointee.relname), payload: String(cString: notify.pointee.extra),
            backend: notify.pointee.be_pid)
    }

    var transaction: TransactionStatus? {
        switch PQtransactionStatus(connection) {
        case PQTRANS_IDLE: TransactionStatus.none
        case PQTRANS_INTRANS: .open
        case PQTRANS_INERROR: .failed
        default: nil
        }
    }

    static func error(of result: OpaquePointer) -> PostgresError {
        func field(_ code: Int32) -> String {
            PQresultErrorField(result, code).map { String(cString: $0) } ?? ""
        }
        var message = field(postgres_field_message)
        if message.isEmpty {
            message = PQresultErrorMessage(result).map { String(cString: $0) } ?? ""
            message = oneLine(message)
        }
        return PostgresError(
            severity: field(postgres_field_severity), state: field(postgres_field_state), message: message,
            detail: field(postgres_field_detail), constraint: field(postgres_field_constraint))
    }
}

/// What another session said by NOTIFY.
public struct PostgresNotification: Equatable, Sendable {
    public var channel: String
    public var payload: String
    /// The process of the session that said it.
    public var backend: Int32
}
