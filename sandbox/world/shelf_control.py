"""Control, network, mounts and racks: model | part number | description | type | cost | msrp | minutes."""

from __future__ import annotations

CONTROL: dict[str, str] = {
    "Crestron": """
        CP4N|6511817|4-Series control system with control subnet|Control|1932.00|3220.00|240
        TSW-1070-B-S|6510820|10.1 inch wall mount touch screen, black|Control|1380.00|2300.00|60
        TSS-770-B-S|6511513|7 inch room scheduling touch screen|Control|840.00|1400.00|45
        DM-NVX-360|6511049|AV over IP encoder/decoder|Video Distribution|1260.00|2100.00|60
        DM-NVX-D30|6511054|AV over IP decoder|Video Distribution|900.00|1500.00|45
        DM-NVX-E30|6510923|AV over IP encoder|Video Distribution|900.00|1500.00|45
        DMPS3-4K-350-C|6507617|Presentation system 350|Video Distribution|4920.00|8200.00|300
        HD-TX-4KZ-101|6511399|HDMI over CATx extender set, 4K60|Extenders|468.00|780.00|45
        UC-BX31-Z|6513187|Zoom Rooms kit for large rooms|Conferencing|3318.00|5530.00|120
        AMP-X75|6511733|75 W amplifier, X Series|Amplifiers|390.00|650.00|30
        GLS-ODT-C-CN|6503819|Dual technology ceiling occupancy sensor|Control|156.00|260.00|30
        CBL-4K-HD-6|6508124|High speed HDMI cable, 6 ft|Cables|13.20|22.00|5
    """,
    "Extron": """
        IN1808|60-1678-01|Eight input 4K60 seamless presentation switcher|Video Distribution|2632.50|4050.00|150
        DTP3 T 202|60-1791-12|4K60 twisted pair transmitter|Extenders|412.75|635.00|30
        DTP3 R 201|60-1792-53|4K60 twisted pair receiver|Extenders|399.75|615.00|30
        IPCP Pro 250 xi|60-1911-01|Control processor|Control|893.75|1375.00|180
        TLP Pro 1025M|60-1565-02|10 inch wall mount touchpanel|Control|1436.50|2210.00|60
        NAV E 501|60-1533-01|AV over IP encoder, 10 Gbps|Video Distribution|1787.50|2750.00|60
        SMP 352|60-1634-01|Streaming media processor with recording|Recording|4127.50|6350.00|120
        Cable Cubby 500|60-1705-02|Cable access enclosure, black|Furniture|302.25|465.00|60
        XPA U 1004|60-1763-01|100 W mono amplifier, 70 V|Amplifiers|386.75|595.00|30
        USB Extender Plus T|60-1471-13|USB over twisted pair transmitter|Extenders|289.25|445.00|20
        MPA 152 Plus|60-844-01|Stereo mini amplifier, 15 W|Amplifiers|227.50|350.00|25
    """,
    "Chief": """
        LTM1U||Large Fusion micro-adjustable tilt wall mount|Mounts|213.85|329.00|45
        XTM1U||Extra large Fusion tilt wall mount|Mounts|265.20|408.00|60
        RPAUW||Universal RPA projector mount, white|Mounts|150.80|232.00|40
        LVS1U||ConnexSys video wall landscape mount|Mounts|253.50|390.00|75
        CMS0608W||Adjustable extension column, 6 to 8 ft|Mounts|101.40|156.00|20
        PAC526FCW||In-wall storage box with flange, white|Mounts|121.55|187.00|60
        TA500||Proximity large equipment storage panel|Mounts|86.45|133.00|15
        LFAUB||Large Fusion electric height adjust stand|Mounts|1657.50|2550.00|90
    """,
    "Middle Atlantic": """
        ERK-4425LRD||44 RU stand alone rack, 25 in deep|Racks|616.20|948.00|120
        SRSR-2-14||14 RU slide out rotating rack|Racks|528.45|813.00|150
        DWR-18-26PD||18 RU pivoting wall rack with plexi door|Racks|488.15|751.00|120
        UPS-OL1500R||1500 VA online UPS, 2 RU|Power|1194.70|1838.00|45
        RLNK-915R-NS||Networked power strip, 9 outlets|Power|365.30|562.00|30
        PDX-915R||Power distribution, 9 outlets, 15 A|Power|119.60|184.00|15
        EB1||1 RU blank panel|Racks|9.10|14.00|5
        MRK-4436HW||44 RU multi-bay rack, 36 in deep|Racks|929.50|1430.00|150
        HP500||Rack screws, 10-32, bag of 500|Hardware|55.25|85.00|0
    """,
    "Liberty": """
        24-4P-P-L6SH-BLU||Category 6 shielded plenum cable, blue, per ft|Cables|0.43|0.79|1
        16-2C-P-WHT||16 AWG 2 conductor plenum speaker cable, per ft|Cables|0.38|0.64|1
        HDPMM-10F||HDMI cable male to male, 10 ft|Cables|14.30|26.00|5
        E-USBAB-15||USB A to B cable, 15 ft|Cables|8.80|16.00|5
        DL-AR||Digitalinx adapter ring, HDMI|Adapters|113.85|207.00|10
        IPEX5001||AV over IP encoder, 1 Gbps|Video Distribution|412.50|750.00|45
        PP-RJ45-24||24 port patch panel, category 6A|Networking|104.50|190.00|90
    """,
    "Netgear": """
        M4250-26G4XF-PoE+|GSM4230PX-100NAS|26 port AV Line managed switch, 480 W|Networking|1221.25|1699.99|90
        M4250-10G2F-PoE+|GSM4212P-100NAS|10 port AV Line managed switch, 125 W|Networking|466.25|649.99|60
        M4350-24X4V|XSM4328CV-100NES|24 port 10G AV switch with 25G uplinks|Networking|4316.25|5999.99|120
        AXM765-20000S|AXM765|10GBASE-T SFP+ module|Networking|93.75|129.99|5
        WAX630-100NAS|WAX630|Wi-Fi 6 access point AX6000|Networking|251.25|349.99|45
    """,
    "AVer": """
        TR535|PATR535V2|4K dual lens auto tracking camera|Cameras|1949.00|2999.00|60
        CAM570|COMCA570|Dual lens 4K conference camera|Cameras|1364.35|2099.00|45
        DL30|PADL30|Distance learning tracking camera|Cameras|909.35|1399.00|60
    """,
    "FSR": """
        FL-500P-SLD-BLK-C|17019|Floor box with solid cover, black|Furniture|241.15|371.00|90
        T6-LB|16410|Table box, black|Furniture|174.85|269.00|60
        CB-224P|18209|2x2 ceiling box|Furniture|333.45|513.00|75
    """,
}
