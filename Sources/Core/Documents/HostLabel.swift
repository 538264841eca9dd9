// What may stand between the dots of a host's name, in lower case: settings and the fleet file name nodes and regions so.

package func isHostLabel(_ text: some StringProtocol) -> Bool {
    (1...63).contains(text.utf8.count) && text.utf8.allSatisfy(isHostLabelByte) && !text.hasPrefix("-")
        && !text.hasSuffix("-")
}

package func isHostLabelByte(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: "-") || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
        || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
}
