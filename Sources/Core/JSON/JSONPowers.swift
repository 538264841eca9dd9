// Powers of five, from which every power of ten that a Double meets is made: 10^q is 2^q × 5^(28a) × 5^b.

/// What tables there are for turning decimals into Doubles. Made by exact integer arithmetic in Python.
enum JSONPowers {
    /// 5^0 to 5^27, exact.
    static let small: InlineArray<28, UInt64> = [
        1, 5, 25, 125, 625,
        3125, 15625, 78125, 390625, 1953125,
        9765625, 48828125, 244140625, 1220703125, 6103515625,
        30517578125, 152587890625, 762939453125, 3814697265625, 19073486328125,
        95367431640625, 476837158203125, 2384185791015625, 11920928955078125, 59604644775390625,
        298023223876953125, 1490116119384765625, 7450580596923828125,
    ]

    /// 5^(28a) for a from -13 to 11: the leading 128 bits, cut and not rounded, as their two halves. From a =
    /// 0 to 1 they are exact.
    static let large: InlineArray<50, UInt64> = [
        0xE1AFA13AFBD14D6D, 0x82189C09A3A1EC21, 0xE3E27A444D8D98B7, 0xFD1B1B2308169B25,
        0xE61ACF033D1A45DF, 0x6FB92487298E33BD, 0xE858AD248F5C22C9, 0xD1B3400F8F9CFF68,
        0xEA9C227723EE8BCB, 0x465E15A979C1CADC, 0xECE53CEC4A314EBD, 0xA4F8BF5635246428,
        0xEF340A98172AACE4, 0x86FB897116C87C34, 0xF18899B1BC3F8CA1, 0xDC44E6C3CB279AC1,
        0xF3E2F893DEC3F126, 0x5A89DBA3C3EFCCFA, 0xF64335BCF065D37D, 0x4D4617B5FF4A16D5,
        0xF8A95FCF88747D94, 0x75A44C6397CE912A, 0xFB158592BE068D2E, 0xEED6E2F0F0D56712,
        0xFD87B5F28300CA0D, 0x8BCA9D6E188853FC, 0x8000000000000000, 0x0000000000000000,
        0x813F3978F8940984, 0x4000000000000000, 0x82818F1281ED449F, 0xBFF8F10E7A8921A4,
        0x83C7088E1AAB65DB, 0x792667C6DA79E0FA, 0x850FADC09923329E, 0x03E2CF6BC604DDB0,
        0x865B86925B9BC5C2, 0x0B8A2392BA45A9B2, 0x87AA9AFF79042286, 0x90FB44D2F05D0842,
        0x88FCF317F22241E2, 0x441FECE3BDF81F03, 0x8A5296FFE33CC92F, 0x82BD6B70D99AAA6F,
        0x8BAB8EEFB6409C1A, 0x1AD089B6C2F7548E, 0x8D07E33455637EB2, 0xDB0B487B6423E1E8,
        0x8E679C2F5E44FF8F, 0x570F09EAA7EA7648,
    ]
    static let largeFirst = -13
    static let exactLarge = 0...1

    /// The binary exponent of 5^q: the largest e with 2^e ≤ 5^q, for q from -364 to 329. 152170 / 65536 is
    /// log2(5) from above, near enough for those; all were compared with exact arithmetic.
    static func binaryExponent(ofFiveTo q: Int) -> Int { (q * 152_170) >> 16 }

    /// 10^0 to 10^8.
    static let tens: InlineArray<9, UInt64> = [
        1, 10, 100, 1000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000,
    ]

    /// 10^0 to 10^22: the powers of ten that a Double holds exactly.
    static let exactTens: InlineArray<23, Double> = [
        1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17,
        1e18, 1e19,
        1e20, 1e21, 1e22,
    ]
}
