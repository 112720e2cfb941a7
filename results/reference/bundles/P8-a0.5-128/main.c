/* Faces in the camera's picture, on the display: P8-a0.5-128-kpu8 on the Kendryte standalone SDK.
 *
 * For boards wired like Sipeed's Maix Dan, Bit and Go, with an OV2640 and a display of 320 x 240;
 * other wiring: change PINS. README.md says which files of the SDK's demos belong beside it. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "dvp.h"
#include "fpioa.h"
#include "iomem.h"
#include "kpu.h"
#include "lcd.h"
#include "nt35310.h"
#include "ov2640.h"
#include "plic.h"
#include "sysctl.h"
#include "uarths.h"
#include "w25qxx.h"

#include "decode.h"

#define PLL0_HZ 800000000u /* the CPU runs at half of it */
#define PLL1_HZ 400000000u /* the KPU's clock */
#define CAMERA_HZ 24000000u

/* The camera scales its picture (4 : 3) to the canvas's width itself, and the camera port writes it
 * to the top of the canvas: letterboxed at no cost. */
#define WIDTH INPUT_SIZE
#define HEIGHT (INPUT_SIZE * 3 / 4)
#define DISPLAY_WIDTH 320
#define DISPLAY_HEIGHT 240
#define EMPTY 127 /* grey below the picture, as in training */

#if INPUT_SIZE % 32 || INPUT_SIZE > DISPLAY_WIDTH
#error "the camera port writes rows of a multiple of 32 pixels, and the display shows 320"
#endif

#define BUFFERS 2 /* the camera fills one while the other is looked at */
#define COLOUR 0xf800f800u /* two red pixels */
#define FRAMES_PER_LINE 50 /* of the log */

typedef struct {
    uint8_t pin;
    fpioa_function_t function;
} pin_t;

static const pin_t PINS[] = {
    {40, FUNC_SCCB_SDA},
    {41, FUNC_SCCB_SCLK},
    {42, FUNC_CMOS_RST},
    {43, FUNC_CMOS_VSYNC},
    {44, FUNC_CMOS_PWDN},
    {45, FUNC_CMOS_HREF},
    {46, FUNC_CMOS_XCLK},
    {47, FUNC_CMOS_PCLK},
    {36, FUNC_SPI0_SS3},
    {39, FUNC_SPI0_SCLK},
    {37, (fpioa_function_t)(FUNC_GPIOHS0 + RST_GPIONUM)},
    {38, (fpioa_function_t)(FUNC_GPIOHS0 + DCX_GPIONUM)},
};

static uint8_t kmodel[KMODEL_BYTES] __attribute__((aligned(256)));
static uint8_t *canvases[BUFFERS]; /* red, green, blue planes of INPUT_SIZE x INPUT_SIZE */
static uint32_t *screens[BUFFERS]; /* RGB565, two pixels a word, WIDTH x HEIGHT */
static face_t faces[MAX_FACES];
static kpu_model_context_t task;
static volatile int frame_is_there, network_is_done;

static void stop(const char *reason)
{
    printf("stopped: %s\n", reason);
    for (;;)
        ;
}

static void set_up_chip(void)
{
    sysctl_pll_set_freq(SYSCTL_PLL0, PLL0_HZ);
    sysctl_pll_set_freq(SYSCTL_PLL1, PLL1_HZ);
    sysctl_clock_enable(SYSCTL_CLOCK_AI);
    uarths_init();
    plic_init();
    sysctl_set_power_mode(SYSCTL_POWER_BANK6, SYSCTL_POWER_V18);
    sysctl_set_power_mode(SYSCTL_POWER_BANK7, SYSCTL_POWER_V18);
    for (size_t i = 0; i < sizeof PINS / sizeof *PINS; i++)
        fpioa_set_function(PINS[i].pin, PINS[i].function);
    sysctl_set_spi0_dvp_data(1);
}

static void load_kmodel(void)
{
    w25qxx_init(3, 0);
    w25qxx_enable_quad_mode();
    w25qxx_read_data(KMODEL_FLASH_ADDRESS, kmodel, KMODEL_BYTES, W25QXX_QUAD_FAST);
    if (kpu_load_kmodel(&task, kmodel) != 0)
        stop("the kmodel does not load: flash it to its address, and use the runtime of its compiler");
}

/* Memory without cache, as the camera port writes past the cache. */
static void *buffer_of(uint32_t bytes)
{
    void *buffer = iomem_malloc(bytes);
    if (buffer == NULL)
        stop("no memory for the camera's buffers: export a smaller network");
    return buffer;
}

static int on_camera_port(void *context)
{
    (void)context;
    if (dvp_get_interrupt(DVP_STS_FRAME_FINISH)) {
        dvp_config_interrupt(DVP_CFG_START_INT_ENABLE | DVP_CFG_FINISH_INT_ENABLE, 0);
        dvp_clear_interrupt(DVP_STS_FRAME_FINISH);
        frame_is_there = 1;
    } else {
        dvp_start_convert();
        dvp_clear_interrupt(DVP_STS_FRAME_START);
    }
    return 0;
}

/* OV2640, bank 0: the size after zoom, in units of 4 pixels; 0xE0 holds the port meanwhile. */
static void set_camera_size(void)
{
    const uint8_t settings[][2] = {
        {0xff, 0x00},
        {0xe0, 0x04},
        {0x5a, WIDTH / 4},
        {0x5b, HEIGHT / 4},
        {0x5c, 0x00},
        {0xe0, 0x00},
    };
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++)
        dvp_sccb_send_data(OV2640_ADDR, settings[i][0], settings[i][1]);
}

static void set_up_camera(void)
{
    dvp_init(8);
    dvp_set_xclk_rate(CAMERA_HZ);
    dvp_enable_burst();
    dvp_set_output_enable(DVP_OUTPUT_AI, 1);
    dvp_set_output_enable(DVP_OUTPUT_DISPLAY, 1);
    dvp_set_image_format(DVP_CFG_RGB_FORMAT);
    dvp_set_image_size(WIDTH, HEIGHT);
    ov2640_init();
    set_camera_size();
    dvp_disable_auto();
    for (int i = 0; i < BUFFERS; i++) {
        canvases[i] = buffer_of(3 * INPUT_SIZE * INPUT_SIZE);
        memset(canvases[i], EMPTY, 3 * INPUT_SIZE * INPUT_SIZE);
        screens[i] = buffer_of(2 * WIDTH * HEIGHT);
    }
    plic_set_priority(IRQN_DVP_INTERRUPT, 1);
    plic_irq_register(IRQN_DVP_INTERRUPT, on_camera_port, NULL);
    plic_irq_enable(IRQN_DVP_INTERRUPT);
}

static void set_up_display(void)
{
    lcd_init();
    lcd_set_direction(DIR_YX_RLDU);
    lcd_clear(BLACK);
}

static void start_frame(int buffer)
{
    const uint32_t plane = INPUT_SIZE * INPUT_SIZE, red = (uint32_t)(uintptr_t)canvases[buffer];
    frame_is_there = 0;
    dvp_set_ai_addr(red, red + plane, red + 2 * plane);
    dvp_set_display_addr((uint32_t)(uintptr_t)screens[buffer]);
    dvp_clear_interrupt(DVP_STS_FRAME_START | DVP_STS_FRAME_FINISH);
    dvp_config_interrupt(DVP_CFG_START_INT_ENABLE | DVP_CFG_FINISH_INT_ENABLE, 1);
}

static void on_network_done(void *context)
{
    (void)context;
    network_is_done = 1;
}

/* The network's output for a canvas. */
static const float *run_network(const uint8_t *canvas)
{
    uint8_t *output;
    size_t bytes;
    network_is_done = 0;
    if (kpu_run_kmodel(&task, canvas, DMAC_CHANNEL5, on_network_done, NULL) != 0)
        stop("the kmodel does not run");
    while (!network_is_done)
        ;
    if (kpu_get_output(&task, 0, &output, &bytes) != 0)
        stop("the kmodel has no output");
    if (bytes != sizeof(float) * 5 * BOXES_PER_CELL * MAP_HEIGHT * MAP_WIDTH)
        stop("the kmodel's output is not this detector's: flash the kmodel of this bundle");
    return (const float *)(const void *)output;
}

/* An outline two pixels wide: the display takes pixels in pairs. */
static void draw(uint32_t *screen, const face_t *face)
{
    const int pairs = WIDTH / 2;
    const int left = (int)face->x0 / 2, top = (int)face->y0;
    const int right = face->x1 < WIDTH ? (int)face->x1 / 2 : pairs - 1;
    const int bottom = face->y1 < HEIGHT ? (int)face->y1 : HEIGHT - 1;
    for (int x = left; x <= right; x++) {
        screen[top * pairs + x] = screen[bottom * pairs + x] = COLOUR;
        if (bottom > top)
            screen[(top + 1) * pairs + x] = screen[(bottom - 1) * pairs + x] = COLOUR;
    }
    for (int y = top; y <= bottom; y++)
        screen[y * pairs + left] = screen[y * pairs + right] = COLOUR;
}

/* Microseconds since the last call. */
static uint32_t lap(void)
{
    static uint64_t last;
    const uint64_t now = sysctl_get_time_us();
    const uint32_t passed = (uint32_t)(now - last);
    last = now;
    return passed;
}

/* One picture: waits for it, starts the next one, finds the faces, shows them. Adds what each part
 * took to `spent`: waiting for the camera, network, decoding, display. Returns how many faces. */
static int look(int buffer, uint32_t *spent)
{
    while (!frame_is_there)
        ;
    start_frame((buffer + 1) % BUFFERS);
    spent[0] += lap();
    const float *planes = run_network(canvases[buffer]);
    spent[1] += lap();
    const int count = on_picture(faces, decode(planes, faces), 1.0f, WIDTH, HEIGHT);
    spent[2] += lap();
    for (int i = 0; i < count; i++)
        draw(screens[buffer], &faces[i]);
    lcd_draw_picture((DISPLAY_WIDTH - WIDTH) / 2, (DISPLAY_HEIGHT - HEIGHT) / 2, WIDTH, HEIGHT, screens[buffer]);
    spent[3] += lap();
    return count;
}

int main(void)
{
    set_up_chip();
    load_kmodel();
    set_up_display();
    set_up_camera();
    sysctl_enable_irq();
    printf("network=P8-a0.5-128-kpu8 runtime=1.9 kpu_mhz=%u cpu_mhz=%u kmodel_sha256=a29e038916748be0b6e306990855985b8df62e49f1316e1d7690add0265161b7\n",
           PLL1_HZ / 1000000, PLL0_HZ / 2000000);
    start_frame(0);
    lap();
    for (int buffer = 0;;) {
        uint32_t spent[4] = {0, 0, 0, 0};
        int count = 0;
        for (int i = 0; i < FRAMES_PER_LINE; i++, buffer = (buffer + 1) % BUFFERS)
            count = look(buffer, spent);
        for (int i = 0; i < 4; i++)
            spent[i] /= FRAMES_PER_LINE;
        printf("run_ms=%u.%03u frame_us=%u camera_us=%u decode_us=%u display_us=%u faces=%d\n",
               (unsigned)(spent[1] / 1000), (unsigned)(spent[1] % 1000),
               (unsigned)(spent[0] + spent[1] + spent[2] + spent[3]), (unsigned)spent[0],
               (unsigned)spent[2], (unsigned)spent[3], count);
    }
}
