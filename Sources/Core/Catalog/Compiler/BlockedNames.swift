// By which names an ad is blocked: its own, and those that stand for more than it. Whoever blocks much blocks its parts.

enum BlockedNames {
    /// A category of the first taxonomy with the one above it: `IAB8` stands for `IAB8-5` too. In the later ones numbers
    /// say nothing of what is above.
    static func categories(of name: String) -> [String] {
        guard name.prefix(3).lowercased() == "iab", let dash = name.utf8.firstIndex(of: UInt8(ascii: "-"))
        else {
            return [name]
        }
        return [name, String(name[..<dash])]
    }

    /// A domain with those that it is part of: `example.com` stands for `shop.example.com` too.
    static func domains(of name: String) -> [String] {
        var names = [name]
        var rest = name[...]
        while let dot = rest.firstIndex(of: ".") {
            rest = rest[rest.index(after: dot)...]
            // What has no dot any more is a whole country, which nobody means.
            guard rest.contains(".") else { break }
            names.append(String(rest))
        }
        return names
    }
}
