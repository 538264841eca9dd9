// Who is in a running fleet, and where operators and traffic reach each of them. `./dev up` writes one.
public import Documents

public struct Roster: DocumentObject, Equatable {
    public enum Role: String, CaseIterable, Sendable { case coordinator, broker, node }

    public struct Member: DocumentObject, Equatable {
        public internal(set) var role = Role.node
        public internal(set) var name = ""
        public internal(set) var region: String?
        public internal(set) var admin = ""
        public internal(set) var serves: String?

        package init() {}

        package static let schema = Schema<Self>(
            "roster.members[]",
            [
                .required("role", \.role, .choice, "What it is."),
                .required("name", \.name, .fleetName, "Its name, of which there is one in the fleet."),
                .optional("region", \.region, .fleetName, "Where it is; a coordinator may be anywhere."),
                .required(
                    "admin", \.admin, .origin, "Its listener for operators, which is `admin` in its settings."
                ),
                .optional("serves", \.serves, .origin, "Where a node takes requests."),
            ],
            rules: [
                Rule("A node and a broker have a `region`.") { member, objections in
                    if member.role != .coordinator, member.region == nil {
                        objections.refuse("region", found: "none", allowed: "the region of \(member.name)")
                    }
                }
            ])
    }

    public internal(set) var members: [Member] = []

    package init() {}

    package static let schema = Schema<Self>(
        "roster",
        [
            .unread("$schema", "Where an editor finds the JSON Schema of this file."),
            .required(
                "members", \.members, .list(of: .object, count: 1...1_024),
                "All of them, in the order of showing."),
        ],
        rules: [
            Rule("No name stands twice in `members`.") { roster, objections in
                for (index, member) in roster.members.enumerated()
                where roster.members[..<index].contains(where: { $0.name == member.name }) {
                    objections.refuse(
                        "members[\(index)].name", found: "\"\(member.name)\" again", allowed: "each name once"
                    )
                }
            }
        ])

    /// Refuses a file as a whole, with everything that is wrong with it.
    public init(reading bytes: [UInt8]) throws(DocumentRefused) {
        var reading = DocumentReading(bytes)
        let tree = try reading.tree(of: bytes)
        guard let roster = Self.schema.read(tree, "", &reading) else { throw reading.refused }
        self = roster
    }

    /// The regions, in the order of their first member.
    public var regions: [String] {
        var all: [String] = []
        for case let region? in members.map(\.region) where !all.contains(region) { all.append(region) }
        return all
    }
}

extension Kind where Value == String {
    /// Scheme, host and port, as far as a pattern says it: whoever connects reads it as an address.
    fileprivate static var origin: Kind {
        .text(
            TextForm(
                name: "http:// or https://, a host and a port, as in http://127.0.0.1:9900",
                pattern: "^https?://[A-Za-z0-9._:\\[\\]-]+$"),
            read: { text in
                let rest =
                    text.hasPrefix("http://")
                    ? text.dropFirst(7) : text.hasPrefix("https://") ? text.dropFirst(8) : ""
                let isPlain = rest.utf8.allSatisfy {
                    isHostLabelByte($0) || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0)
                        || "._:[]".utf8.contains($0)
                }
                return !rest.isEmpty && isPlain ? text : nil
            }, show: { $0 })
    }
}
