// A coordinator's admin API for commands: one request at a time, and the leader's address where another coordinator leads.
import Commands
import Documents
import HTTP
import Kernel
import TLS
import Units

/// What a coordinator answered.
struct AdminAnswer {
    let status: Int
    let tree: JSONTree
    /// Without its quotes.
    let etag: String?

    var isAccepted: Bool { (200...299).contains(status) }

    subscript(_ key: String) -> JSONTree? { tree[key] }

    /// What is wrong, a line each, as `paceline catalog check` writes them.
    var refusal: [String] {
        var lines = [tree["title"]?.text ?? "no reason is given"]
        if let field = tree["field"]?.text {
            lines[0] += ": \(field): allowed \(tree["allowed"]?.text ?? "something else")"
        }
        if let needed = tree["needed"]?.text { lines[0] += ": \(needed)" }
        if let version = tree["version"]?.text { lines[0] += "; its version is \(version)" }
        for error in tree["errors"]?.elements ?? [] {
            func part(_ key: String) -> String? { error[key]?.text }
            let thing = part("id").map { "\(part("kind") ?? "") \($0): " } ?? ""
            let near = part("nearest").map { "; did you mean '\($0)'?" } ?? ""
            lines.append(
                "\(thing)\(part("field") ?? ""): found \(part("found") ?? ""); allowed \(part("allowed") ?? "")\(near)"
            )
        }
        return lines
    }
}

struct AdminClient: ~Copyable {
    static let coordinator = Parameter.requiredOption(
        "coordinator", WordKind.serverURL, "A coordinator's listener for operators, `admin` in its settings.")
    static let tokenFile = Parameter.option(
        "token-file", WordKind.file, "A file with our token, where the coordinators ask for one.")

    static let parameters: [any CommandParameter] = [
        coordinator, tokenFile, Status.certificate, Status.key, Status.authorities, Status.timeout,
        Status.json,
    ]

    /// The example of a command that needs a coordinator: there is none where examples are tried.
    static func unreached(_ line: String) -> [Example] {
        [
            Example(
                "\(line) --coordinator http://127.0.0.1:1", "Nobody listens there.", outcome: .failed,
                prints: "http://127.0.0.1:1: no connection; is the server running and reachable?")
        ]
    }

    private var connection: NodeConnection
    private var url: ServerURL
    private let call: Invocation
    private let token: String?
    /// What is asked may take so long, whatever the command's own limit is.
    private let secondsLeast: Int
    /// One key for all tries of one change.
    private let key: String
    private var changes = 0

    private init(_ call: Invocation, secondsLeast: Int) throws(Failure) {
        let token = try Self.token(call)
        let connection = try Self.connect(call, call[Self.coordinator], secondsLeast)
        self.secondsLeast = secondsLeast
        var seeds = SystemRandomNumberGenerator()
        self.call = call
        self.token = token
        self.connection = connection
        url = call[Self.coordinator]
        key = "paceline-" + hexadecimal(seeds.next()) + hexadecimal(seeds.next())
    }

    /// A token takes one line.
    private static let tokenBytesMost = 4_096

    static func token(_ call: Invocation) throws(Failure) -> String? {
        guard let file = call[tokenFile] else { return nil }
        let bytes = try InputFile.read(file, limit: tokenBytesMost)
        let line = bytes.prefix { $0 != UInt8(ascii: "\n") && $0 != UInt8(ascii: "\r") }
        guard !line.isEmpty, line.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw Failure("\(InputFile.displayName(file)): its first line is no token")
        }
        return String(decoding: line, as: UTF8.self)
    }

    private static func connect(_ call: Invocation, _ url: ServerURL, _ secondsLeast: Int) throws(Failure)
        -> NodeConnection
    {
        let context = try Status.tlsContext(call, secure: url.isSecure)
        guard let address = SocketAddress(resolving: url.host, port: url.port) else {
            throw Failure("\(url): the name '\(url.host)' is not known here")
        }
        return try NodeConnection(
            url, address, context, within: .seconds(Int64(max(call[Status.timeout], secondsLeast))))
    }

    /// Runs what a command does, and says what went wrong on its output, as programs read that.
    static func run(
        _ call: Invocation, _ output: inout Output, secondsLeast: Int = 0,
        _ body: (inout AdminClient, inout Output) throws(Failure) -> Outcome
    ) throws(Failure) -> Outcome {
        do throws(Failure) {
            var client = try AdminClient(call, secondsLeast: secondsLeast)
            return try body(&client, &output)
        } catch {
            if error.outcome == .usage { throw error }
            if call[Status.json] {
                output.print(["url": .string("\(call[coordinator])"), "problem": .string(error.message)])
            } else {
                output.print(error.message)
            }
            return .failed
        }
    }

    /// What was answered; where another coordinator leads, what that one answered.
    mutating func ask(
        _ method: HTTP.Method, _ path: String, _ body: JSONTree? = nil, package: [UInt8]? = nil,
        ifMatch: String? = nil, ifNoneMatch: String? = nil, note: String? = nil
    ) throws(Failure) -> AdminAnswer {
        var headers: [(name: StaticString, value: String)] = []
        if let token { headers.append(("authorization", "Bearer \(token)")) }
        if let ifMatch { headers.append(("if-match", ifMatch)) }
        if let ifNoneMatch { headers.append(("if-none-match", ifNoneMatch)) }
        if let note { headers.append(("paceline-note", note)) }
        if body != nil { headers.append(("content-type", "application/json")) }
        if package != nil { headers.append(("content-type", "application/octet-stream")) }
        if method != .get {
            changes += 1
            headers.append(("idempotency-key", "\(key)-\(changes)"))
        }
        let bytes = package ?? body.map { Array($0.line.utf8) } ?? []
        let answer = try once(method, path, headers, bytes)
        guard answer.status == 503, let leader = answer["leader"]?["address"]?.text.flatMap(ServerURL.init),
            leader != url
        else { return answer }
        url = leader
        connection = try Self.connect(call, leader, secondsLeast)
        return try once(method, path, headers, bytes)
    }

    private func once(
        _ method: HTTP.Method, _ path: String, _ headers: [(name: StaticString, value: String)],
        _ body: [UInt8]
    ) throws(Failure) -> AdminAnswer {
        let answer = try connection.ask(method, path, headers, body)
        do {
            let etag = answer.header("etag").map { $0.filter { $0 != "\"" } }
            return AdminAnswer(status: answer.status, tree: try JSONTree(reading: answer.body), etag: etag)
        } catch {
            throw Failure(
                "\(url): \(method.token) \(path) got \(answer.status) and no JSON; a coordinator's admin listener has it"
            )
        }
    }

    /// The same for who can do nothing with a refusal.
    mutating func demand(
        _ method: HTTP.Method, _ path: String, _ body: JSONTree? = nil, package: [UInt8]? = nil,
        ifMatch: String? = nil, ifNoneMatch: String? = nil, note: String? = nil
    ) throws(Failure) -> AdminAnswer {
        let answer = try ask(
            method, path, body, package: package, ifMatch: ifMatch, ifNoneMatch: ifNoneMatch, note: note)
        guard answer.isAccepted else {
            throw Failure(
                "\(url): \(method.token) \(path) got \(answer.status): "
                    + answer.refusal.joined(separator: "\n"))
        }
        return answer
    }
}

/// A part of an address: what is not plain there is escaped.
func escaped(_ text: String) -> String {
    var result = ""
    for byte in text.utf8 {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
            UInt8(ascii: "~"):
            result.unicodeScalars.append(Unicode.Scalar(byte))
        default:
            result += "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
        }
    }
    return result
}
