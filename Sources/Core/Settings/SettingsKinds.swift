// The kinds of value that only settings have: names of hosts and regions, paths, addresses.
import Documents
internal import Units

extension Kind where Value == String {
    /// A name that can stand in a host name, a metric's label and a file's name without quoting.
    static var name: Kind {
        let form = TextForm(
            name: "1 to 63 of a-z, 0-9 and -, starting and ending with a letter or a digit",
            pattern: "^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$")
        return .text(form, read: { isHostLabel($0) ? $0 : nil }, show: { $0 })
    }

    /// The path of a file. It must be absolute, since a daemon's working directory is nobody's choice.
    static var absolutePath: Kind {
        // The kernel takes paths of at most 4,096 bytes with the NUL at their end.
        let longest = 4095
        let form = TextForm(name: "an absolute path", pattern: "^/[^\\u0000]+$")
        return .text(
            form,
            read: { path in
                let bytes = path.utf8
                return bytes.first == UInt8(ascii: "/") && (2...longest).contains(bytes.count)
                    && !bytes.contains(0)
                    ? path : nil
            }, show: { $0 })
    }
}

extension Kind where Value == String {
    /// What is asked for of a server, without a query.
    static var addressPath: Kind {
        .text(
            TextForm(
                name: "a path of /, A-Z, a-z, 0-9, ., _ and -, of at most 255 bytes",
                pattern: "^/[A-Za-z0-9/._-]{0,254}$"),
            read: { path in
                let bytes = path.utf8
                let isPlain = bytes.allSatisfy {
                    isHostLabelByte($0) || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0)
                        || "/._".utf8.contains($0)
                }
                return bytes.first == UInt8(ascii: "/") && bytes.count <= 255 && isPlain ? path : nil
            }, show: { $0 })
    }
}

extension Kind where Value == IPAddress {
    static var address: Kind {
        .text(
            TextForm(name: "an IPv4 or IPv6 address, written as a literal", pattern: "^[0-9a-fA-F:.]+$"),
            read: { IPAddress($0) }, show: { $0.description })
    }
}
