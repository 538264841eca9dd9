// Addresses of hosts, read and refused.
import Testing
import Units

@Suite struct IPAddressTests {
    @Test(arguments: [
        ("0.0.0.0", "0.0.0.0"), ("127.0.0.1", "127.0.0.1"), ("255.255.255.255", "255.255.255.255"),
        ("::", "::"),
        ("::1", "::1"), ("1::", "1::"), ("2001:DB8::1", "2001:db8::1"),
        ("2001:db8:0:0:0:0:0:1", "2001:db8::1"),
        ("1:0:0:2:0:0:0:3", "1:0:0:2::3"), ("1:0:0:2:3:0:0:4", "1::2:3:0:0:4"),
        ("1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"),
        ("1:0:3:4:5:6:7:8", "1:0:3:4:5:6:7:8"), ("1::3:4:5:6:7:8", "1:0:3:4:5:6:7:8"),
        ("::ffff:192.0.2.1", "::ffff:c000:201"),
        ("1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304"), ("0001::0", "1::"),
    ])
    func readsAddresses(_ text: String, _ shown: String) throws {
        let address = try #require(IPAddress(text))
        #expect(address.description == shown)
        #expect(IPAddress(shown) == address)
    }

    @Test(arguments: [
        "", "localhost", "1", "1.2.3", "1.2.3.4.5", "1.2.3.256", "01.2.3.4", "1.2.3.04", "1.2.3.-4",
        "1.2.3.+4",
        "1.2.3.4 ", "1..3.4", "0x1.2.3.4", ":", ":::", "1:2", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1::2::3",
        "::1:2:3:4:5:6:7:8", "12345::", "::g", "fe80::1%eth0", "[::1]", "1:2:3:4:5:6:7:1.2.3.4", "1.2.3.4::",
        "::1.2.3",
        "1:2:3:4:5:6:7:", ":1:2:3:4:5:6:7", "::+1", "::٣", "٣.2.3.4", "::1.2.3.4:1",
    ])
    func refusesWhatIsNoAddress(_ text: String) {
        #expect(IPAddress(text) == nil)
    }

    @Test func tellsFamiliesApart() {
        #expect(IPAddress("1.2.3.4")?.family == .v4 && IPAddress("1.2.3.4")?.value == 0x0102_0304)
        #expect(IPAddress("::1.2.3.4")?.family == .v6 && IPAddress("::1.2.3.4")?.value == 0x0102_0304)
        #expect(IPAddress("1.2.3.4") != IPAddress("::1.2.3.4"))
    }
}
