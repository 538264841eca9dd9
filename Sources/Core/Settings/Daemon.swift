// The daemons that a settings file can be for. The file says which in its key `daemon`, so that it is
// checked, edited and started as what it is without anybody saying so again.
public import Documents

public enum Daemon: String, CaseIterable, Sendable {
    case node, broker, coordinator
}

/// An accepted settings file.
public enum DaemonSettings: Sendable {
    case node(NodeSettings)
    case broker(BrokerSettings)
    case coordinator(CoordinatorSettings)

    public var daemon: Daemon {
        switch self {
        case .node: .node
        case .broker: .broker
        case .coordinator: .coordinator
        }
    }

    /// Every setting with the value that is in force.
    public var effective: JSONTree {
        switch self {
        case .node(let settings): settings.effective
        case .broker(let settings): settings.effective
        case .coordinator(let settings): settings.effective
        }
    }

    /// The certificates of every listener, by the path that they have in the file: `listen[0].tls`.
    public var certificates: [(path: String, tls: TLSSettings)] {
        switch self {
        case .node(let settings): settings.certificates
        case .broker(let settings): settings.certificates
        case .coordinator(let settings): settings.certificates
        }
    }

    /// The settings in a file of whichever daemon it is for.
    public init(_ bytes: [UInt8]) throws(DocumentRefused) {
        var reading = DocumentReading(bytes)
        let tree = try reading.tree(of: bytes)
        switch try Daemon(namedIn: tree, reading) {
        case .node: self = .node(try NodeSettings(tree, reading))
        case .broker: self = .broker(try BrokerSettings(tree, reading))
        case .coordinator: self = .coordinator(try CoordinatorSettings(tree, reading))
        }
    }
}

extension NodeSettings {
    /// The settings in a file for a node.
    public init(_ bytes: [UInt8]) throws(DocumentRefused) {
        var reading = DocumentReading(bytes)
        try self.init(try reading.tree(of: bytes), reading)
    }

    /// Every setting with the value that is in force.
    public var effective: JSONTree { Self.schema.show(self) }
}

extension Daemon {
    /// What an object of this daemon's settings may hold.
    var shape: ObjectShape {
        switch self {
        case .node: NodeSettings.schema.shape
        case .broker: BrokerSettings.schema.shape
        case .coordinator: CoordinatorSettings.schema.shape
        }
    }

    /// The daemon that a file is for. Without it nothing else in the file can be judged.
    fileprivate init(namedIn tree: JSONTree, _ reading: DocumentReading) throws(DocumentRefused) {
        var reading = reading
        let kind = Kind<Daemon>.choice
        guard case .object(let members) = tree.content else {
            let _: Daemon? = reading.refuse(tree, at: "", allowed: .object(Self.node.shape))
            throw reading.refused
        }
        guard let member = members.first(where: { $0.key == "daemon" }) else {
            reading.refuseMissing(tree, at: "daemon", allowed: kind.shape)
            throw reading.refused
        }
        guard let daemon = kind.read(member.value, "daemon", &reading) else { throw reading.refused }
        self = daemon
    }
}

extension DocumentObject {
    /// The settings in a tree, or all that is wrong with it.
    init(_ tree: JSONTree, _ reading: DocumentReading) throws(DocumentRefused) {
        var reading = reading
        guard let settings = Self.schema.read(tree, "", &reading) else { throw reading.refused }
        self = settings
    }
}
