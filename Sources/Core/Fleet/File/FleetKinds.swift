// The kinds of value that only the fleet file has: names, networks, addresses.
import Documents
internal import Units

extension Kind where Value == String {
    /// What becomes a host name, a label of metrics and an attribute of Nix.
    static var fleetName: Kind {
        let form = TextForm(
            name: "1 to 63 of a-z, 0-9 and -, starting with a letter and ending with a letter or a digit",
            pattern: "^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$")
        return .text(form, read: { FleetName.isOne($0) ? $0 : nil }, show: { $0 })
    }

    static var domainName: Kind {
        let form = TextForm(
            name: "a domain in lower case, as in ads.example.com", pattern: "^[a-z0-9-]+(\\.[a-z0-9-]+)+$")
        return .text(
            form,
            read: { text in
                let labels = text.split(separator: ".", omittingEmptySubsequences: false)
                return text.utf8.count <= 253 && labels.count > 1
                    && labels.allSatisfy { isHostLabel($0) }
                    ? text : nil
            }, show: { $0 })
    }

    /// What a cloud calls a place or a size of a machine.
    static var cloudWord: Kind {
        .text(
            TextForm(name: "1 to 63 of a-z, 0-9, - and .", pattern: "^[a-z0-9][a-z0-9.-]{0,62}$"),
            read: { text in
                (1...63).contains(text.utf8.count)
                    && text.utf8.allSatisfy { isHostLabelByte($0) || $0 == UInt8(ascii: ".") }
                    && text.utf8.first != UInt8(ascii: "-") && text.utf8.first != UInt8(ascii: ".")
                    ? text : nil
            }, show: { $0 })
    }
}

enum FleetName {
    static func isOne(_ text: String) -> Bool {
        isHostLabel(text) && (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(text.utf8.first ?? 0)
    }
}

extension Kind where Value == IPv4Network {
    static var network: Kind {
        .text(
            TextForm(
                name: "an IPv4 network of 8 to 30 bits, as in 10.1.0.0/16, nothing set behind its bits",
                pattern: "^[0-9.]+/[0-9]+$"),
            read: { IPv4Network($0) }, show: { $0.description })
    }
}

extension Kind where Value == IPAddress {
    static var hostAddress: Kind {
        .text(
            TextForm(name: "an IPv4 address, as in 10.1.0.11", pattern: "^[0-9.]+$"),
            read: { IPAddress($0).flatMap { $0.family == .v4 ? $0 : nil } }, show: { $0.description })
    }
}

extension Kind {
    /// An object whose keys are names of the fleet.
    static func byName<Element>(_ kind: Kind<Element>, most: Int) -> Kind where Value == [String: Element] {
        .map(
            keys: TextForm(name: "a name of the fleet file", pattern: "^[a-z][a-z0-9-]{0,62}$"),
            isKey: FleetName.isOne, of: kind, count: 0...most)
    }
}
